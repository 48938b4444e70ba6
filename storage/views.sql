-- The views brand managers query. Made anew whenever the store is migrated.

-- A mention with its current verdict (a person's correction wins over the model) and its author.
CREATE VIEW voice AS
SELECT
    m.created_at, m.brand, m.source, a.name AS author, m.rating, m.rating_max,
    coalesce(c.experience, v.experience) AS experience,
    coalesce(c.stance, v.stance) AS stance,
    m.title, m.text, m.url, m.reach,
    CASE WHEN c.id IS NOT NULL THEN 1 ELSE v.sure END AS sure,
    c.id IS NOT NULL AS corrected,
    m.owner_reply, m.owner_replied_at, m.language, m.fetched_at, m.edited_at, m.parent_id,
    m.country, m.product_version,
    v.p_angry, v.p_mediocre, v.p_delighted, v.p_none, v.p_advocate, v.p_hater, v.p_neither,
    v.model, v.scored_at, m.text_hash, m.author_id, m.id,
    -- A copy of another mention is counted nowhere, nor is what is not about the brand; a deleted
    -- one is. Nothing else decides what counts.
    m.duplicate_of, m.deleted_at, m.not_about, w.p_about, t.text AS translation,
    m.duplicate_of IS NULL AND m.not_about IS NULL AS counted,
    -- The row of the full-text index.
    m.seq,
    -- When it was written; of what has no date, when the store first got it. Periods go by it.
    coalesce(m.created_at, m.first_fetched_at, m.fetched_at) AS counted_at
FROM mentions m
LEFT JOIN authors a ON a.id = m.author_id
LEFT JOIN verdicts v ON v.id = m.verdict_id
LEFT JOIN corrections c ON c.id = (
    SELECT max(k.id) FROM corrections k WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
)
LEFT JOIN relevance_vectors w ON w.mention_id = m.id AND w.text_hash = m.text_hash
LEFT JOIN translations t ON t.mention_id = m.id AND t.text_hash = m.text_hash;

-- Wows: delighted, and the model is sure.
CREATE VIEW wow_wall AS
SELECT created_at, brand, source, author, title, text, rating, rating_max, stance, url, id,
    counted_at
FROM voice
WHERE experience = 'delighted' AND sure = 1 AND counted AND deleted_at IS NULL
ORDER BY counted_at DESC;

-- Complaints that somebody must still answer, the most urgent first.
CREATE VIEW open_cases AS
SELECT
    k.id, k.state, k.brand, k.due_at,
    -- What waits for the customer is not overdue.
    k.snoozed_until IS NULL AND k.due_at < strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') AS overdue,
    k.claimed_by, k.opened_at, v.source, v.author, v.title, v.text, v.rating, v.rating_max,
    v.stance, v.url, k.mention_id, k.assigned_by, k.snoozed_until, k.snooze_note, v.translation
FROM cases k
JOIN voice v ON v.id = k.mention_id
WHERE k.state IN ('open', 'claimed')
ORDER BY k.due_at;

-- People who talk others into the brand, until they turn angry or warn others off.
CREATE VIEW advocates AS
SELECT
    a.name AS author, s.author_id, s.brand, a.source, s.advocacy, s.mentions, s.advocate_since,
    s.last_seen_at, s.reach
FROM author_standing s
LEFT JOIN authors a ON a.id = s.author_id
WHERE s.is_advocate
ORDER BY s.advocacy DESC, s.last_seen_at DESC;

-- People who talk others out of it, until they are delighted or talk others in.
CREATE VIEW haters AS
SELECT
    a.name AS author, s.author_id, s.brand, a.source, s.warnings, s.mentions, s.hater_since,
    s.last_seen_at, s.reach
FROM author_standing s
LEFT JOIN authors a ON a.id = s.author_id
WHERE s.is_hater
ORDER BY s.warnings DESC, s.last_seen_at DESC;

-- Advocates who turned angry, and haters who were won back: what an author's last stance before
-- says, against what they tell now. Who had turned already does not turn again: the rules of the
-- alerts say the same. A name with over 500 mentions is many people's ("Anonymous").
CREATE VIEW flips AS
SELECT
    e.flip, e.counted_at AS created_at, e.brand, e.source, a.name AS author, m.text, e.was_since,
    m.url, e.author_id, m.id, e.counted_at
FROM author_flips e
LEFT JOIN mentions m ON m.seq = e.seq
LEFT JOIN authors a ON a.id = e.author_id
ORDER BY e.counted_at DESC;

-- How long each answered case waited for its first answer; `in_time` is 1 where it kept its due
-- time, that it had when it was opened, opened again or woken. `hours_snoozed` of its `hours` it
-- waited for the customer.
CREATE VIEW response_times AS
SELECT
    k.id AS case_id, k.brand, m.source, k.opened_at, k.due_at, k.responded_at,
    round(24 * (julianday(k.responded_at) - julianday(k.opened_at)), 2) AS hours,
    k.responded_at <= k.due_at AS in_time,
    k.claimed_by, k.mention_id,
    coalesce((
        SELECT round(24 * sum(max(0, julianday(min(k.responded_at, coalesce((
            SELECT min(w.at) FROM case_events w WHERE w.case_id = k.id AND w.id > s.id
                AND w.event IN ('snoozed', 'woken', 'closed', 'dismissed')
        ), k.responded_at))) - julianday(s.at))), 2)
        FROM case_events s WHERE s.case_id = k.id AND s.event = 'snoozed'
    ), 0) AS hours_snoozed
FROM cases k
JOIN mentions m ON m.id = k.mention_id
WHERE k.responded_at IS NOT NULL AND k.state <> 'dismissed'
ORDER BY k.responded_at DESC;

-- How many complaints got their answer, and how fast, for each brand and source. The 90th
-- percentile is the time within which nine of ten answers came.
CREATE VIEW coverage AS
SELECT
    c.brand, c.source, c.cases, c.answered, c.waiting,
    round(1.0 * c.answered / c.cases, 4) AS coverage,
    coalesce(t.in_time, 0) AS in_time, t.median_hours, t.p90_hours
FROM (
    SELECT k.brand, m.source, count(*) AS cases, count(k.responded_at) AS answered,
        sum(k.state IN ('open', 'claimed')) AS waiting
    FROM cases k
    JOIN mentions m ON m.id = k.mention_id
    WHERE k.state <> 'dismissed'
    GROUP BY k.brand, m.source
) c
LEFT JOIN (
    SELECT brand, source, sum(in_time) AS in_time,
        round(avg(CASE WHEN place IN ((n + 1) / 2, (n + 2) / 2) THEN hours END), 2)
            AS median_hours,
        round(max(CASE WHEN place = (9 * n + 9) / 10 THEN hours END), 2) AS p90_hours
    FROM (
        SELECT brand, source, in_time, hours,
            row_number() OVER (PARTITION BY brand, source ORDER BY hours) AS place,
            count(*) OVER (PARTITION BY brand, source) AS n
        FROM response_times
    )
    GROUP BY brand, source
) t ON t.brand = c.brand AND t.source = c.source
ORDER BY c.brand, c.source;

-- Who answers how fast: each person and each team, by the week of the brand's time zone, named by
-- its Monday. Hours are business hours to a case's first answer, without those in which it waited
-- for the customer. The 90th percentile is as in `coverage`.
CREATE VIEW answer_speed AS
WITH acts AS (
    SELECT
        'answer' AS act, t.answered_on AS day, t.brand, t.team, t.answered_by AS person,
        t.answered_by_id AS person_id, t.business_s / 3600.0 AS hours, t.in_time, t.case_id
    FROM answer_times t JOIN cases k ON k.id = t.case_id WHERE k.state <> 'dismissed'
    UNION ALL
    SELECT
        'take', t.taken_on, t.brand, t.team, t.taken_by, t.taken_by_id, NULL, NULL, t.case_id
    FROM case_takes t JOIN cases k ON k.id = t.case_id WHERE k.state <> 'dismissed'
),
sides AS (
    SELECT 'person' AS kind, coalesce(person_id, person) AS who, person AS name, acts.*
    FROM acts WHERE person IS NOT NULL
    UNION ALL
    SELECT 'team', team, team, acts.* FROM acts
),
ranked AS (
    SELECT
        date(day, 'weekday 0', '-6 days') AS week, sides.*,
        row_number() OVER one AS place,
        count(*) OVER (PARTITION BY date(day, 'weekday 0', '-6 days'), brand, kind, who, act) AS n
    FROM sides
    WINDOW one AS (
        PARTITION BY date(day, 'weekday 0', '-6 days'), brand, kind, who, act ORDER BY hours
    )
)
SELECT
    week, brand, kind, max(name) AS name,
    count(DISTINCT CASE WHEN act = 'take' THEN case_id END) AS taken,
    sum(act = 'answer') AS answered, coalesce(sum(in_time), 0) AS in_time,
    round(avg(CASE WHEN act = 'answer' AND place IN ((n + 1) / 2, (n + 2) / 2) THEN hours END), 2)
        AS median_hours,
    round(max(CASE WHEN act = 'answer' AND place = (9 * n + 9) / 10 THEN hours END), 2) AS p90_hours
FROM ranked
GROUP BY week, brand, kind, who
ORDER BY week DESC, brand, kind, answered DESC, name;

-- Colleagues whom wows name, by month: the people behind them.
CREATE VIEW kudos AS
SELECT
    substr(coalesce(m.created_at, m.first_fetched_at, m.fetched_at), 1, 7) AS month, m.brand, s.name, count(*) AS wows,
    max(coalesce(m.created_at, m.first_fetched_at, m.fetched_at)) AS last_at
FROM named_staff s
JOIN mentions m ON m.id = s.mention_id
WHERE m.not_about IS NULL
GROUP BY 1, 2, 3
ORDER BY month DESC, wows DESC, s.name;

-- How many mentions of a brand each source had on a day of the brand's time zone, with a verdict,
-- without copies and what is not about it. What was erased since stays counted.
CREATE VIEW daily_counts AS
SELECT
    day, brand, value AS source, mentions, angry, mediocre, delighted, none, advocate, hater
FROM cut_days
WHERE dimension = 'source';

-- One row a day, brand and source; shares are of the mentions that tell an experience.
CREATE VIEW daily_experience AS
SELECT
    day, brand, source, mentions, angry, mediocre, delighted, none, advocate, hater,
    round(1.0 * angry / nullif(angry + mediocre + delighted, 0), 4) AS complaint_rate,
    round(1.0 * mediocre / nullif(angry + mediocre + delighted, 0), 4) AS mediocre_rate,
    round(1.0 * delighted / nullif(angry + mediocre + delighted, 0), 4) AS wow_rate
FROM daily_counts
ORDER BY day DESC, brand, source;

-- How each source is doing: its state since when, its last finished run, and the last good one.
-- It is left alone until `opens_at`, after so many failures in a row.
CREATE VIEW source_health AS
SELECT
    r.brand, r.source, r.target,
    coalesce(
        s.state,
        CASE
            WHEN r.outcome IN ('ok', 'unchanged', 'quiet') THEN 'ok'
            WHEN r.outcome = 'timeout' THEN 'failed'
            ELSE r.outcome
        END
    ) AS state,
    coalesce(s.reason, r.reason) AS reason,
    s.since, coalesce(s.failures, 0) AS failures, s.opens_at,
    r.outcome, r.started_at, r.finished_at, r.seen, r.new, r.edited, r.irrelevant, r.refused,
    (
        SELECT max(g.started_at) FROM crawl_runs g
        WHERE g.brand = r.brand AND g.source = r.source AND g.target = r.target
            AND g.outcome IN ('ok', 'unchanged', 'quiet')
    ) AS last_good_at
FROM crawl_runs r
LEFT JOIN source_states s
    ON s.brand = r.brand AND s.source = r.source AND s.target = r.target
WHERE r.id IN (
    SELECT max(id) FROM crawl_runs WHERE outcome IS NOT NULL GROUP BY brand, source, target
)
ORDER BY r.brand, r.source, r.target;

-- What each entry came to that a source, a file or a program gave, by the day in UTC it was seen
-- on. What was seen is new + edited + known + irrelevant + refused, and new + edited is the sum of
-- all from `waiting` on. `refused_because` names the reasons with their counts.
CREATE VIEW metrics AS
SELECT
    p.brand, p.period, p.metric, p.value, p.low, p.high, p.k, p.n, p.value_before, p.change,
    p.change_low, p.change_high, p.chance, e.error, e.low AS error_low, e.high AS error_high,
    e.checked, p.first_day, p.last_day
FROM metric_periods p
LEFT JOIN measured_error e ON e.brand = p.brand AND e.label = CASE p.metric
    WHEN 'wow_rate' THEN 'delighted' WHEN 'complaint_rate' THEN 'angry'
    WHEN 'mediocre_rate' THEN 'mediocre' WHEN 'advocate_rate' THEN 'advocate'
    WHEN 'hater_rate' THEN 'hater' END
ORDER BY p.brand, p.metric, p.first_day DESC;

-- Each goal of a brand in the order in which it was set: the road that it walks.
CREATE VIEW checkpoint_road AS
SELECT
    brand, metric, window_days,
    CASE WHEN reached_at IS NOT NULL THEN 'reached' WHEN left_at IS NOT NULL THEN 'left'
        ELSE 'walking' END AS state,
    target, value, low, high, n, sure, set_at, set_by, lowered_from, reached_at, next_target,
    left_at, measured_at
FROM checkpoints
ORDER BY brand, metric, window_days, id;

CREATE VIEW ledger AS
SELECT
    day, brand, source, new + edited + known + irrelevant + refused AS seen,
    new, edited, known, irrelevant, refused, refused_because,
    new + edited - copy - not_about - muted - quiet - in_digest - alerted - replaced - deleted
        - forgotten AS waiting,
    copy, not_about, muted, quiet, in_digest, alerted, replaced, deleted, forgotten
FROM (
    SELECT
        day, brand, source,
        coalesce(sum(entries) FILTER (WHERE fate = 'new'), 0) AS new,
        coalesce(sum(entries) FILTER (WHERE fate = 'edited'), 0) AS edited,
        coalesce(sum(entries) FILTER (WHERE fate = 'known'), 0) AS known,
        coalesce(sum(entries) FILTER (WHERE fate = 'irrelevant'), 0) AS irrelevant,
        coalesce(sum(entries) FILTER (WHERE fate = 'refused'), 0) AS refused,
        group_concat(reason || ' ' || entries, ', ') FILTER (WHERE fate = 'refused')
            AS refused_because,
        coalesce(sum(entries) FILTER (WHERE fate = 'copy'), 0) AS copy,
        coalesce(sum(entries) FILTER (WHERE fate = 'not_about'), 0) AS not_about,
        coalesce(sum(entries) FILTER (WHERE fate = 'muted'), 0) AS muted,
        coalesce(sum(entries) FILTER (WHERE fate = 'quiet'), 0) AS quiet,
        coalesce(sum(entries) FILTER (WHERE fate = 'in_digest'), 0) AS in_digest,
        coalesce(sum(entries) FILTER (WHERE fate = 'alerted'), 0) AS alerted,
        coalesce(sum(entries) FILTER (WHERE fate = 'replaced'), 0) AS replaced,
        coalesce(sum(entries) FILTER (WHERE fate = 'deleted'), 0) AS deleted,
        coalesce(sum(entries) FILTER (WHERE fate = 'forgotten'), 0) AS forgotten
    FROM ledger_lines
    GROUP BY day, brand, source
)
ORDER BY day DESC, brand, source;

-- A topic beside each mention that is about it, the newest first: to read what stands behind a
-- topic. A hidden topic is left out, and what is not counted.
CREATE VIEW topic_voice AS
SELECT
    t.day, t.brand, p.name AS topic, f.experience, f.stance, v.source, v.author, v.title, v.text,
    v.rating, v.url, t.similarity, t.place, p.kind AS topic_kind, t.topic_id, v.id, v.counted_at
FROM mention_topics t
JOIN topics p ON p.id = t.topic_id AND p.state = 'active'
JOIN mention_facts f ON f.seq = t.seq AND f.counted
JOIN voice v ON v.seq = t.seq
ORDER BY t.day DESC, t.seq DESC;

-- What each topic came to in the last 7, 28 and 90 days, and by how much it moved the brand's
-- rates against as many days before: the impacts of a brand and period sum to its change.
CREATE VIEW topic_impact AS
SELECT
    p.brand, p.days, p.since, p.until, coalesce(t.name, '(about none)') AS topic,
    p.mentions, p.of_mentions, p.share, p.share_low, p.share_high, p.angry, p.mediocre,
    p.delighted, p.wow_rate, p.wow_low, p.wow_high, p.complaint_rate, p.complaint_low,
    p.complaint_high, p.before_mentions, p.before_of_mentions, p.before_share,
    p.wow_mix, p.wow_rate_effect, p.wow_impact, p.wow_impact_low, p.wow_impact_high,
    p.complaint_mix, p.complaint_rate_effect, p.complaint_impact, p.complaint_impact_low,
    p.complaint_impact_high, p.rising, p.topic_id
FROM topic_periods p
LEFT JOIN topics t ON t.id = p.topic_id
WHERE p.topic_id = 0 OR t.state = 'active'
ORDER BY p.brand, p.days, p.mentions DESC;

-- Topics that more mentions are about than chance explains: above the upper control limit.
CREATE VIEW rising_topics AS
SELECT
    p.brand, t.name AS topic, p.days, p.since, p.until, p.mentions, p.usual, p.upper_limit,
    p.share, p.angry, p.delighted, t.first_day, p.topic_id
FROM topic_periods p
JOIN topics t ON t.id = p.topic_id AND t.state = 'active'
WHERE p.rising
ORDER BY p.brand, p.days, p.mentions DESC;

-- What delighted mentions speak of and mediocre ones do not: what sets wows apart.
CREATE VIEW talk_triggers AS
SELECT
    g.brand, g.what, g.times_likelier, g.low, g.high, g.delighted, g.of_delighted, g.mediocre,
    g.of_mediocre, g.since, g.until, coalesce(nullif(m.title, '') || ': ', '') || m.text AS quote,
    m.url, g.topic_id, m.id AS quote_id
FROM topic_triggers g
LEFT JOIN topics t ON t.id = g.topic_id
LEFT JOIN mentions m ON m.seq = g.quote_seq
WHERE g.topic_id IS NULL OR t.state = 'active'
ORDER BY g.brand, g.place;
