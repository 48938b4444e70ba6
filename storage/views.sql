-- The views brand managers query. Made anew whenever the store is migrated.

-- A mention with its current verdict (a person's correction wins over the model) and its author.
CREATE VIEW voice AS
SELECT
    m.created_at, f.brand, f.source, a.name AS author, m.rating, m.rating_max, f.experience,
    f.stance, m.title, m.text, m.url, m.reach, f.sure, f.corrected,
    m.owner_reply, m.owner_replied_at, f.language, m.fetched_at, m.edited_at, m.parent_id,
    f.country, f.product_version, m.location,
    v.p_angry, v.p_mediocre, v.p_delighted, v.p_none, v.p_advocate, v.p_hater, v.p_neither,
    v.model, v.scored_at, m.text_hash, f.author_id, m.id,
    -- A copy of another mention is counted nowhere, nor is what is not about the brand; a deleted
    -- one is. Nothing else decides what counts.
    m.duplicate_of, m.deleted_at, m.not_about, w.p_about, t.text AS translation, f.counted,
    -- The row of the full-text index.
    f.seq,
    -- When it was written; of what has no date, when the store first got it. Periods go by it, and
    -- by its day in the brand's time zone.
    f.counted_at, f.day, f.dated
FROM mention_facts f
-- LEFT: what a question does not name is not looked up.
LEFT JOIN mentions m ON m.seq = f.seq
LEFT JOIN authors a ON a.id = f.author_id
LEFT JOIN verdicts v ON v.id = m.verdict_id
LEFT JOIN relevance_vectors w ON w.mention_id = m.id AND w.text_hash = m.text_hash
LEFT JOIN translations t ON t.mention_id = m.id AND t.text_hash = m.text_hash;

-- Wows: delighted, and the model is sure.
CREATE VIEW wow_wall AS
SELECT
    m.created_at, f.brand, f.source, a.name AS author, m.title, m.text, m.rating, m.rating_max,
    f.stance, m.url, m.id, f.counted_at, m.parent_id
FROM mention_facts f
LEFT JOIN mentions m ON m.seq = f.seq
LEFT JOIN authors a ON a.id = f.author_id
WHERE f.experience = 'delighted' AND f.sure = 1 AND f.counted AND NOT f.deleted
ORDER BY f.counted_at DESC;

-- Complaints that somebody must still answer, the most urgent first.
CREATE VIEW open_cases AS
SELECT
    k.id, k.state, k.brand, k.due_at,
    -- What waits for the customer is not overdue.
    k.snoozed_until IS NULL AND k.due_at < strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') AS overdue,
    k.claimed_by, k.opened_at, k.source, a.name AS author, m.title, m.text, m.rating,
    m.rating_max, f.stance, m.url, k.mention_id, k.assigned_by, k.snoozed_until, k.snooze_note,
    t.text AS translation, m.parent_id
FROM cases k
JOIN mentions m ON m.id = k.mention_id
LEFT JOIN mention_facts f ON f.seq = m.seq
LEFT JOIN authors a ON a.id = m.author_id
LEFT JOIN translations t ON t.mention_id = m.id AND t.text_hash = m.text_hash
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
    k.id AS case_id, k.brand, k.source, k.opened_at, k.due_at, k.responded_at,
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
    SELECT k.brand, k.source, count(*) AS cases, count(k.responded_at) AS answered,
        sum(k.state IN ('open', 'claimed')) AS waiting
    FROM cases k
    WHERE k.state <> 'dismissed'
    GROUP BY k.brand, k.source
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
    substr(f.day, 1, 7) AS month, f.brand, s.name, count(*) AS wows, max(f.counted_at) AS last_at
FROM named_staff s
JOIN mention_facts f ON f.seq = s.seq
JOIN mentions m ON m.seq = s.seq
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

-- The one thing that each advocate needs from us, as the daily list last had it: a complaint, a
-- question, a wish or a lack that has no answer, in a sentence of theirs.
CREATE VIEW advocates_today AS
SELECT
    n.listed_on, n.brand, n.place, a.name AS author, n.need, n.sentence, m.source, m.created_at,
    s.advocate_since, s.advocacy, m.reach, m.url, n.author_id, n.mention_id
FROM advocate_needs n
JOIN mentions m ON m.id = n.mention_id
LEFT JOIN authors a ON a.id = n.author_id
LEFT JOIN author_standing s ON s.author_id = n.author_id AND s.brand = n.brand
ORDER BY n.brand, n.place;

-- Advocates whose silence is longer than their own rhythm explains. After n silences of a mean
-- length m, one of length x or more comes by chance in (1 + x / (n m)) ** -n of cases (silences of
-- random events; the mean is only estimated, so that few of them make wide limits). Here that is
-- one in a hundred. Who spoke on fewer than four days has no rhythm yet.
CREATE VIEW quiet_advocates AS
SELECT
    a.name AS author, t.brand, a.source, s.advocate_since, t.last_seen_at, t.days_spoken,
    round(t.span / (t.days_spoken - 1), 1) AS usual_days, round(t.silent, 1) AS silent_days,
    round(t.span * (pow(100, 1.0 / (t.days_spoken - 1)) - 1), 1) AS limit_days,
    s.advocacy, s.reach, (
        SELECT m.id FROM mention_facts f JOIN mentions m ON m.seq = f.seq
        WHERE f.author_id = t.author_id AND f.brand = t.brand AND f.dated AND f.counted
        ORDER BY f.counted_at DESC, f.seq DESC LIMIT 1
    ) AS last_mention_id, t.author_id
FROM (
    -- All that an index of those with a rhythm holds: of nobody else a row is read.
    SELECT
        author_id, brand, last_seen_at, days_spoken,
        julianday(last_seen_at) - julianday(first_seen_at) AS span,
        julianday('now') - julianday(last_seen_at) AS silent
    FROM author_standing
    WHERE is_advocate AND days_spoken >= 4 AND mentions <= 500
        AND last_seen_at > strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '-730 days')
) t
CROSS JOIN author_standing s ON s.author_id = t.author_id AND s.brand = t.brand
CROSS JOIN authors a ON a.id = t.author_id
WHERE t.silent > t.span * (pow(100, 1.0 / (t.days_spoken - 1)) - 1)
ORDER BY t.last_seen_at DESC;

-- Colleagues whom wows praise, by the month of the brand's time zone, with their team and location.
CREATE VIEW rewards AS
SELECT
    substr(f.day, 1, 7) AS month, f.brand, s.name, t.team, t.location, count(*) AS wows,
    sum(f.stance = 'advocate') AS advocates, max(f.day) AS last_day
FROM named_staff s
JOIN mention_facts f ON f.seq = s.seq
LEFT JOIN staff t ON t.brand = f.brand AND t.name = s.name
WHERE f.counted AND f.experience <> 'angry' AND (f.experience = 'delighted' OR f.stance = 'advocate')
GROUP BY 1, 2, 3
ORDER BY month DESC, wows DESC, s.name;

-- The same by team. A wow that names two of a team is one.
CREATE VIEW team_rewards AS
SELECT
    substr(f.day, 1, 7) AS month, f.brand, coalesce(t.team, 'No team') AS team,
    count(DISTINCT s.seq) AS wows, count(DISTINCT s.name) AS people, max(f.day) AS last_day
FROM named_staff s
JOIN mention_facts f ON f.seq = s.seq
LEFT JOIN staff t ON t.brand = f.brand AND t.name = s.name
WHERE f.counted AND f.experience <> 'angry' AND (f.experience = 'delighted' OR f.stance = 'advocate')
GROUP BY 1, 2, 3
ORDER BY month DESC, wows DESC, team;

-- The words of those wows.
CREATE VIEW reward_words AS
SELECT
    substr(f.day, 1, 7) AS month, f.day, f.brand, s.name, t.team,
    iif(m.parent_id IS NULL OR m.text = '', m.title, NULL) AS title, m.text,
    a.name AS author, f.source, f.stance, f.stars, v.p_delighted, m.url, m.id AS mention_id
FROM named_staff s
JOIN mentions m ON m.seq = s.seq
JOIN mention_facts f ON f.seq = m.seq
LEFT JOIN verdicts v ON v.id = m.verdict_id
LEFT JOIN authors a ON a.id = m.author_id
LEFT JOIN staff t ON t.brand = f.brand AND t.name = s.name
WHERE f.counted AND NOT f.deleted AND f.experience <> 'angry'
    AND (f.experience = 'delighted' OR f.stance = 'advocate')
ORDER BY f.day DESC, m.id, s.name;

-- Whose answers win people back: of the complaints that each person and team answered, by the month
-- of the answer, how many of their authors were delighted since, with the 95% interval of the share
-- (Wilson's).
CREATE VIEW won_back_by AS
WITH answered AS (
    SELECT
        substr(t.answered_on, 1, 7) AS month, t.brand, t.team, t.answered_by,
        coalesce(t.answered_by_id, t.answered_by) AS person,
        k.outcome IS 'won_back' OR EXISTS (
            SELECT 1 FROM mentions m
            JOIN mention_facts f ON f.author_id = m.author_id AND f.brand = t.brand
                AND f.counted_at > t.answered_at
            WHERE m.id = k.mention_id AND f.counted AND f.experience = 'delighted'
        ) AS turned
    FROM answer_times t
    JOIN cases k ON k.id = t.case_id
    WHERE k.state <> 'dismissed'
),
counted AS (
    SELECT month, brand, 'person' AS kind, max(answered_by) AS name, max(team) AS team,
        count(*) AS answered, sum(turned) AS won_back
    FROM answered WHERE person IS NOT NULL GROUP BY month, brand, person
    UNION ALL
    SELECT month, brand, 'team', team, team, count(*), sum(turned)
    FROM answered GROUP BY month, brand, team
)
SELECT
    month, brand, kind, name, team, answered, won_back,
    round(1.0 * won_back / answered, 4) AS share,
    round(max(0, won_back + 1.9207
        - 1.959964 * sqrt(1.0 * won_back * (answered - won_back) / answered + 0.9604))
        / (answered + 3.8415), 4) AS low,
    round(min(1, (won_back + 1.9207
        + 1.959964 * sqrt(1.0 * won_back * (answered - won_back) / answered + 0.9604))
        / (answered + 3.8415)), 4) AS high
FROM counted
ORDER BY month DESC, brand, kind, won_back DESC, name;

-- The periods that people compare, for each brand by the days of its time zone: up to today, and
-- each month and week (by its Monday) that it has mentions in.
CREATE VIEW brand_periods AS
WITH today AS (
    SELECT d.brand, d.first_day, date('now', coalesce((
        SELECT o.seconds FROM brands b JOIN zone_offsets o ON o.time_zone = b.time_zone
        WHERE b.name = d.brand AND o.since <= strftime('%Y-%m-%dT%H:%M:%S', 'now')
        ORDER BY o.since DESC LIMIT 1
    ), 0) || ' seconds') AS day
    FROM (SELECT brand, min(day) AS first_day FROM cut_days WHERE dimension = 'all' GROUP BY brand) d
)
SELECT t.brand, p.period, 'to date' AS span, date(t.day, p.back) AS first, t.day AS last
FROM today t
JOIN (
    SELECT '7 days' AS period, '-6 days' AS back UNION ALL SELECT '30 days', '-29 days'
    UNION ALL SELECT '90 days', '-89 days' UNION ALL SELECT '12 months', '-364 days'
) p;

-- How the mentions of each part of a brand compare with all its others, in a period: by source,
-- country, language, version, location, topic and staff, a row for each rate. Intervals are of 95%:
-- Wilson's for a rate, Newcombe's for the difference to the rest. `may_be_chance` is 1 where chance
-- explains the difference, all `compared` parts of the dimension taken into account (Bonferroni's).
-- Parts with fewer than 20 told experiences are not compared, nor is what has no value; their
-- `may_be_chance` is empty.
CREATE VIEW cuts AS
WITH summed AS (
    SELECT
        p.period, c.brand, c.dimension, c.value, sum(c.mentions) AS mentions,
        sum(c.angry + c.mediocre + c.delighted) AS told, sum(c.angry) AS angry,
        sum(c.mediocre) AS mediocre, sum(c.delighted) AS delighted, sum(c.advocate) AS advocate,
        sum(c.hater) AS hater
    FROM brand_periods p
    CROSS JOIN cut_days c ON c.brand = p.brand AND c.day BETWEEN p.first AND p.last
    WHERE +c.dimension IN (
            'source', 'country', 'language', 'version', 'location', 'topic', 'staff'
        ) AND p.period <> '12 months'
    GROUP BY p.period, c.brand, c.dimension, c.value
),
whole AS (
    SELECT
        p.period, p.brand, sum(c.mentions) AS mentions,
        sum(c.angry + c.mediocre + c.delighted) AS told, sum(c.angry) AS angry,
        sum(c.mediocre) AS mediocre, sum(c.delighted) AS delighted, sum(c.advocate) AS advocate,
        sum(c.hater) AS hater
    FROM brand_periods p
    -- The plus keeps SQLite from an index that has all dimensions.
    CROSS JOIN cut_days c ON c.dimension = 'all' AND +c.brand = p.brand
        AND c.day BETWEEN p.first AND p.last
    WHERE p.period <> '12 months'
    GROUP BY p.period, p.brand
),
beside AS (
    SELECT
        s.*, w.mentions - s.mentions AS rest_mentions, w.told - s.told AS rest_told,
        w.angry - s.angry AS rest_angry, w.mediocre - s.mediocre AS rest_mediocre,
        w.delighted - s.delighted AS rest_delighted, w.advocate - s.advocate AS rest_advocate,
        w.hater - s.hater AS rest_hater,
        s.value <> '' AND s.told >= 20 AND w.told - s.told >= 20 AS is_compared
    FROM summed s
    JOIN whole w ON w.period = s.period AND w.brand = s.brand
),
-- How far the limits lie from the middle when so many parts are compared: the normal deviate of
-- 0.05 / compared on both sides (Abramowitz and Stegun 26.2.23, right to 0.0005).
judged AS (
    SELECT *, 1.959964 AS z,
        t - (2.515517 + 0.802853 * t + 0.010328 * t * t)
            / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t) AS strict_z
    FROM (
        SELECT *, sqrt(-2 * ln(0.025 / max(1, compared))) AS t
        FROM (
            SELECT *, sum(is_compared) OVER (PARTITION BY period, brand, dimension) AS compared
            FROM beside
        )
    )
),
counted AS (
    SELECT
        j.*, m.metric, iif(m.of_all, j.mentions, j.told) AS n,
        CASE m.metric WHEN 'wow_rate' THEN j.delighted WHEN 'complaint_rate' THEN j.angry
            WHEN 'mediocre_rate' THEN j.mediocre WHEN 'advocate_rate' THEN j.advocate
            ELSE j.hater END AS k,
        iif(m.of_all, j.rest_mentions, j.rest_told) AS rest_n,
        CASE m.metric WHEN 'wow_rate' THEN j.rest_delighted
            WHEN 'complaint_rate' THEN j.rest_angry WHEN 'mediocre_rate' THEN j.rest_mediocre
            WHEN 'advocate_rate' THEN j.rest_advocate ELSE j.rest_hater END AS rest_k
    FROM judged j
    CROSS JOIN (
        SELECT 'wow_rate' AS metric, 0 AS of_all UNION ALL SELECT 'complaint_rate', 0
        UNION ALL SELECT 'mediocre_rate', 0 UNION ALL SELECT 'advocate_rate', 1
        UNION ALL SELECT 'hater_rate', 1
    ) m
),
bounded AS (
    SELECT *,
        1.0 * k / n AS rate, 1.0 * rest_k / nullif(rest_n, 0) AS rest_rate,
        (k + z * z / 2 - z * sqrt(1.0 * k * (n - k) / n + z * z / 4)) / (n + z * z) AS low,
        (k + z * z / 2 + z * sqrt(1.0 * k * (n - k) / n + z * z / 4)) / (n + z * z) AS high,
        (rest_k + z * z / 2 - z * sqrt(1.0 * rest_k * (rest_n - rest_k) / nullif(rest_n, 0)
            + z * z / 4)) / (rest_n + z * z) AS rest_low,
        (rest_k + z * z / 2 + z * sqrt(1.0 * rest_k * (rest_n - rest_k) / nullif(rest_n, 0)
            + z * z / 4)) / (rest_n + z * z) AS rest_high,
        (k + strict_z * strict_z / 2 - strict_z * sqrt(1.0 * k * (n - k) / n
            + strict_z * strict_z / 4)) / (n + strict_z * strict_z) AS strict_low,
        (k + strict_z * strict_z / 2 + strict_z * sqrt(1.0 * k * (n - k) / n
            + strict_z * strict_z / 4)) / (n + strict_z * strict_z) AS strict_high,
        (rest_k + strict_z * strict_z / 2 - strict_z * sqrt(1.0 * rest_k * (rest_n - rest_k)
            / nullif(rest_n, 0) + strict_z * strict_z / 4)) / (rest_n + strict_z * strict_z)
            AS rest_strict_low,
        (rest_k + strict_z * strict_z / 2 + strict_z * sqrt(1.0 * rest_k * (rest_n - rest_k)
            / nullif(rest_n, 0) + strict_z * strict_z / 4)) / (rest_n + strict_z * strict_z)
            AS rest_strict_high
    FROM counted WHERE n > 0
)
SELECT
    brand, period, dimension,
    coalesce(
        CASE dimension WHEN 'topic' THEN (SELECT t.name FROM topics t WHERE t.id = value) END,
        nullif(value, ''), 'not told'
    ) AS value,
    metric, mentions,
    k AS part, n AS whole, round(rate, 4) AS rate, round(max(0, low), 4) AS low,
    round(min(1, high), 4) AS high, round(rest_rate, 4) AS rest_rate,
    round(rate - rest_rate, 4) AS difference,
    round(rate - rest_rate - sqrt((rate - low) * (rate - low)
        + (rest_high - rest_rate) * (rest_high - rest_rate)), 4) AS difference_low,
    round(rate - rest_rate + sqrt((high - rate) * (high - rate)
        + (rest_rate - rest_low) * (rest_rate - rest_low)), 4) AS difference_high,
    iif(is_compared,
        rate - rest_rate - sqrt((rate - strict_low) * (rate - strict_low)
            + (rest_strict_high - rest_rate) * (rest_strict_high - rest_rate)) <= 0
        AND rate - rest_rate + sqrt((strict_high - rate) * (strict_high - rate)
            + (rest_rate - rest_strict_low) * (rest_rate - rest_strict_low)) >= 0,
        NULL) AS may_be_chance,
    compared
FROM bounded
ORDER BY brand, period, dimension, metric, n DESC;

-- Share of voice: whose mentions are how much of all that is said of you and your competitors, with
-- wow and complaint rate side by side. Intervals are of 95% (Wilson's).
CREATE VIEW share_of_voice AS
WITH days AS (
    SELECT brand, day, mentions, angry, delighted, angry + mediocre + delighted AS told
    FROM cut_days WHERE dimension = 'all'
),
summed AS (
    SELECT p.period, p.brand, sum(d.mentions) AS mentions, sum(d.told) AS told,
        sum(d.angry) AS angry, sum(d.delighted) AS delighted
    FROM brand_periods p
    CROSS JOIN days d ON +d.brand = p.brand AND d.day BETWEEN p.first AND p.last
    GROUP BY p.period, p.brand
    UNION ALL
    SELECT substr(day, 1, 7), brand, sum(mentions), sum(told), sum(angry), sum(delighted)
    FROM days GROUP BY 1, 2
    UNION ALL
    SELECT 'week of ' || date(day, 'weekday 0', '-6 days'), brand, sum(mentions), sum(told),
        sum(angry), sum(delighted)
    FROM days GROUP BY 1, 2
),
shared AS (
    SELECT s.*, coalesce(b.competitor, 0) AS competitor,
        sum(s.mentions) OVER (PARTITION BY s.period) AS of_all
    FROM summed s
    LEFT JOIN brands b ON b.name = s.brand
)
SELECT
    period, brand, competitor, mentions, round(1.0 * mentions / of_all, 4) AS share,
    round(max(0, (mentions + 1.9207
        - 1.959964 * sqrt(1.0 * mentions * (of_all - mentions) / of_all + 0.9604))
        / (of_all + 3.8415)), 4) AS share_low,
    round(min(1, (mentions + 1.9207
        + 1.959964 * sqrt(1.0 * mentions * (of_all - mentions) / of_all + 0.9604))
        / (of_all + 3.8415)), 4) AS share_high,
    told, round(1.0 * delighted / nullif(told, 0), 4) AS wow_rate,
    round(max(0, (delighted + 1.9207
        - 1.959964 * sqrt(1.0 * delighted * (told - delighted) / nullif(told, 0) + 0.9604))
        / (told + 3.8415)), 4) AS wow_low,
    round(min(1, (delighted + 1.9207
        + 1.959964 * sqrt(1.0 * delighted * (told - delighted) / nullif(told, 0) + 0.9604))
        / (told + 3.8415)), 4) AS wow_high,
    round(1.0 * angry / nullif(told, 0), 4) AS complaint_rate,
    round(max(0, (angry + 1.9207
        - 1.959964 * sqrt(1.0 * angry * (told - angry) / nullif(told, 0) + 0.9604))
        / (told + 3.8415)), 4) AS complaint_low,
    round(min(1, (angry + 1.9207
        + 1.959964 * sqrt(1.0 * angry * (told - angry) / nullif(told, 0) + 0.9604))
        / (told + 3.8415)), 4) AS complaint_high
FROM shared
ORDER BY period, mentions DESC, brand;

-- Your brand and each competitor, a rate at a time. `may_be_chance` is 1 where chance explains the
-- difference of the two (Newcombe's interval of 95%).
CREATE VIEW side_by_side AS
WITH rated AS (
    SELECT period, brand, competitor, told, 'wow_rate' AS metric, wow_rate AS rate, wow_low AS low,
        wow_high AS high FROM share_of_voice WHERE told > 0
    UNION ALL
    SELECT period, brand, competitor, told, 'complaint_rate', complaint_rate, complaint_low,
        complaint_high FROM share_of_voice WHERE told > 0
)
SELECT
    o.period, o.brand, t.brand AS competitor, o.metric, o.told, o.rate, t.told AS their_told,
    t.rate AS their_rate, round(o.rate - t.rate, 4) AS difference,
    round(o.rate - t.rate - sqrt((o.rate - o.low) * (o.rate - o.low)
        + (t.high - t.rate) * (t.high - t.rate)), 4) AS difference_low,
    round(o.rate - t.rate + sqrt((o.high - o.rate) * (o.high - o.rate)
        + (t.rate - t.low) * (t.rate - t.low)), 4) AS difference_high,
    o.rate - t.rate - sqrt((o.rate - o.low) * (o.rate - o.low)
        + (t.high - t.rate) * (t.high - t.rate)) <= 0
    AND o.rate - t.rate + sqrt((o.high - o.rate) * (o.high - o.rate)
        + (t.rate - t.low) * (t.rate - t.low)) >= 0 AS may_be_chance
FROM rated o
JOIN rated t ON t.period = o.period AND t.metric = o.metric AND t.competitor
WHERE NOT o.competitor
ORDER BY o.period, o.brand, t.brand, o.metric;
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
    g.of_mediocre, g.since, g.until, iif(m.parent_id IS NULL OR m.text = '', coalesce(nullif(m.title, '') || ': ', ''), '')
        || m.text AS quote,
    m.url, g.topic_id, m.id AS quote_id
FROM topic_triggers g
LEFT JOIN topics t ON t.id = g.topic_id
LEFT JOIN mentions m ON m.seq = g.quote_seq
WHERE g.topic_id IS NULL OR t.state = 'active'
ORDER BY g.brand, g.place;
