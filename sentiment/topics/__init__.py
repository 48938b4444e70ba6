"""What texts are about: topics found, named, kept from day to day, and what they move. Pure.

Texts and vectors in, topics out; no store, no clock. Vectors are rows (n, d) of length 1 of one
vector model (`sentiment.relevance.embedding.ENCODER` names it): topics of another model's vectors
are others. Load this package late: it needs numpy, and a refit scikit-learn.
"""

from sentiment.topics.assigning import assign, own_topic
from sentiment.topics.finding import refit
from sentiment.topics.impact import Impact, TopicCount, impact
from sentiment.topics.naming import TopicName, name_topics
from sentiment.topics.quoted_texts import quotes
from sentiment.topics.rising import Rise, rising
from sentiment.topics.topic import (
    MOST_TOPICS,
    Assignment,
    FittedTopic,
    Kind,
    KnownTopic,
    Merge,
    Refit,
    Split,
)
from sentiment.topics.triggers import Trigger, talk_triggers

__all__ = [
    "MOST_TOPICS",
    "Assignment",
    "FittedTopic",
    "Impact",
    "Kind",
    "KnownTopic",
    "Merge",
    "Refit",
    "Rise",
    "Split",
    "TopicCount",
    "TopicName",
    "Trigger",
    "assign",
    "impact",
    "name_topics",
    "own_topic",
    "quotes",
    "refit",
    "rising",
    "talk_triggers",
]
