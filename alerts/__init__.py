"""Who must hear of it: rules, messages, delivery to Slack, the scheduler."""
