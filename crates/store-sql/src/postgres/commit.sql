
    -- Executes commits. Returns the indexes of those that were executed by this call or an earlier one, and of
    -- those that removed their job. No two commits of a group are for the same job; `ends` contains the index of
    -- the last commit of each group. The arrays from `kinds` to `run_ids` have an element for each commit, those
    -- from `start_of` to `start_fences` for each run that is started or retried, in the order of the commits.
    --
    -- Kinds: 0 advance, 1 finish, 2 postpone (these settle a claim), 3 bring forward, 4 start (outside of the
    -- schedule), 5 clear a run, 6 retry a run, 7 unknown.
    --
    -- Each statement sees what was committed before it began. Statements that must see all changes therefore
    -- follow those that lock the rows.
    CREATE FUNCTION {p}commit(
        ends integer[], kinds smallint[], ids text[], fences bigint[], next_run_times bigint[],
        due_ats bigint[], fire_counts bigint[], run_ids uuid[],
        start_of integer[], start_ids uuid[], scheduled_times bigint[], attempts bigint[], nodes text[],
        start_fences bigint[], channel text,
        OUT done integer[], OUT removed integer[]
    )
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    AS $function$
    DECLARE
        a integer := 1;
        b integer;
        changed integer[];
        repeated integer[];
        cleared integer[];
        retried integer[];
        removed_now integer[];
        held boolean[];
        place integer;
    BEGIN
        FOREACH b IN ARRAY ends LOOP
            -- A finished job is removed by the transaction that finishes it or by the one that clears its last
            -- run, whichever is later. Both lock the runs, so that the later one sees the changes of the other.
            IF 1 = ANY (kinds[a:b]) THEN
                PERFORM 1 FROM unnest(kinds[a:b], ids[a:b]) AS c (kind, id)
                    JOIN {p}jobs j ON j.id = c.id WHERE c.kind = 1
                    ORDER BY j.id FOR UPDATE OF j;
                PERFORM 1 FROM unnest(kinds[a:b], ids[a:b]) AS c (kind, id)
                    JOIN {p}runs r ON r.job_id = c.id WHERE c.kind = 1
                    ORDER BY r.job_id, r.run_id FOR UPDATE OF r;
            END IF;

            changed := NULL;
            IF 4 >= ANY (kinds[a:b]) THEN
                WITH u AS (
                    UPDATE {p}jobs j SET
                        fence = CASE c.kind
                            WHEN 4 THEN j.fence + (j.fence BETWEEN 0 AND 4611686018427387904)::integer
                            ELSE j.fence END,
                        lost_fence = CASE WHEN c.kind = 4 AND j.claimed
                            THEN j.fence ELSE j.lost_fence END,
                        next_run_time = CASE c.kind
                            WHEN 0 THEN c.next_run_time WHEN 1 THEN NULL ELSE j.next_run_time END,
                        due_at = CASE c.kind
                            WHEN 0 THEN c.due_at WHEN 1 THEN NULL WHEN 4 THEN j.due_at
                            ELSE CASE WHEN j.next_run_time IS NOT NULL
                                THEN greatest(c.due_at, j.next_run_time) END END,
                        claimed = false,
                        claims = CASE c.kind
                            WHEN 0 THEN 0 WHEN 1 THEN 0
                            WHEN 2 THEN j.claims - (j.claims > 0)::integer
                            ELSE j.claims END,
                        fire_count = CASE c.kind WHEN 0 THEN c.fire_count ELSE j.fire_count END,
                        finished = j.finished OR c.kind = 1
                    FROM unnest(
                        kinds[a:b], ids[a:b], fences[a:b], next_run_times[a:b], due_ats[a:b],
                        fire_counts[a:b]
                    ) WITH ORDINALITY AS c (kind, id, fence, next_run_time, due_at, fire_count, place)
                    WHERE j.id = c.id AND j.fence = c.fence AND CASE
                        WHEN c.kind < 3 THEN j.claimed
                        WHEN c.kind = 3 THEN NOT j.claimed AND c.due_at < j.due_at
                        ELSE c.kind = 4 END
                    RETURNING c.place
                )
                SELECT array_agg(u.place + a - 1) FROM u INTO changed;
                done := done || changed;
            END IF;

            -- Determines which of the commits without effect are repeats, from the fences and the recorded runs.
            -- Fences increase with each claim: the claims between the last unsettled one and the open one, if
            -- there is one, have all been settled.
            IF coalesce(cardinality(changed), 0) <= b - a AND 4 >= ANY (kinds[a:b]) THEN
                SELECT array_agg(c.place + a - 1)
                FROM unnest(kinds[a:b], ids[a:b], fences[a:b])
                    WITH ORDINALITY AS c (kind, id, fence, place)
                JOIN {p}jobs j ON j.id = c.id
                WHERE c.kind < 5 AND (changed IS NULL OR c.place + a - 1 <> ALL (changed)) AND CASE
                    WHEN c.kind < 3 THEN j.lost_fence < c.fence
                        AND (c.fence < j.fence OR c.fence = j.fence AND NOT j.claimed)
                    WHEN c.kind = 3 THEN c.fence = j.fence
                    ELSE c.fence <> j.fence AND (
                        SELECT bool_and(EXISTS (
                            SELECT 1 FROM {p}runs r WHERE r.job_id = j.id AND r.run_id = s.run_id))
                        FROM unnest(start_of, start_ids) AS s (place, run_id)
                        WHERE s.place = c.place + a - 1) END
                INTO repeated;
                done := done || repeated;
            END IF;

            IF start_of[1] IS NOT NULL AND changed IS NOT NULL THEN
                held := array_fill(false, ARRAY[b]);
                FOREACH place IN ARRAY changed LOOP
                    held[place] := true;
                END LOOP;
                INSERT INTO {p}runs (job_id, run_id, scheduled_time, attempt, node, fence)
                SELECT ids[s.place], s.run_id, s.scheduled_time, s.attempt, s.node, s.fence
                FROM unnest(start_of, start_ids, scheduled_times, attempts, nodes, start_fences)
                    AS s (place, run_id, scheduled_time, attempt, node, fence)
                WHERE s.place BETWEEN a AND b AND held[s.place]
                ON CONFLICT (job_id, run_id) DO NOTHING;
            END IF;

            IF 6 = ANY (kinds[a:b]) THEN
                WITH u AS (
                    UPDATE {p}runs r SET
                        scheduled_time = s.scheduled_time, attempt = s.attempt, node = s.node,
                        fence = s.fence
                    FROM unnest(start_of, start_ids, scheduled_times, attempts, nodes, start_fences)
                        AS s (place, run_id, scheduled_time, attempt, node, fence)
                    WHERE s.place BETWEEN a AND b AND kinds[s.place] = 6
                        AND r.job_id = ids[s.place] AND r.run_id = s.run_id
                        AND r.fence = fences[s.place] AND s.fence > r.fence
                    RETURNING s.place
                )
                SELECT array_agg(u.place) FROM u INTO retried;
                SELECT retried || array_agg(s.place)
                FROM unnest(start_of, start_ids, scheduled_times, attempts, nodes, start_fences)
                    AS s (place, run_id, scheduled_time, attempt, node, fence)
                JOIN {p}runs r ON r.job_id = ids[s.place] AND r.run_id = s.run_id
                WHERE s.place BETWEEN a AND b AND kinds[s.place] = 6
                    AND (retried IS NULL OR s.place <> ALL (retried))
                    AND r.scheduled_time = s.scheduled_time AND r.attempt = s.attempt
                    AND r.node = s.node AND r.fence = s.fence
                INTO retried;
                done := done || retried;
            END IF;

            cleared := NULL;
            IF 5 = ANY (kinds[a:b]) THEN
                WITH d AS (
                    DELETE FROM {p}runs r
                    USING unnest(kinds[a:b], ids[a:b], fences[a:b], run_ids[a:b])
                        WITH ORDINALITY AS c (kind, id, fence, run_id, place)
                    WHERE c.kind = 5
                        AND r.job_id = c.id AND r.run_id = c.run_id AND r.fence = c.fence
                    RETURNING c.place
                )
                SELECT array_agg(d.place + a - 1) FROM d INTO cleared;
                done := done || cleared;
            END IF;

            IF cleared IS NOT NULL OR changed IS NOT NULL AND 1 = ANY (kinds[a:b]) THEN
                PERFORM 1 FROM unnest(ids[a:b]) AS c (id) JOIN {p}jobs j ON j.id = c.id
                    WHERE j.finished ORDER BY j.id FOR UPDATE OF j;
                IF FOUND THEN
                    WITH completed AS (
                        DELETE FROM {p}jobs j
                        USING unnest(ids[a:b]) WITH ORDINALITY AS c (id, place)
                        WHERE j.id = c.id AND j.finished AND c.place + a - 1 = ANY (changed || cleared)
                            AND NOT EXISTS (SELECT 1 FROM {p}runs r WHERE r.job_id = j.id)
                        RETURNING c.id, c.place
                    ), definition AS (
                        DELETE FROM {p}definitions d USING completed l WHERE d.job_id = l.id
                    )
                    SELECT array_agg(l.place + a - 1) FROM completed l INTO removed_now;
                    removed := removed || removed_now;
                END IF;
            END IF;

            -- A job may be due earlier.
            IF changed IS NOT NULL AND ('{3,4}' && kinds[a:b]::integer[]) THEN
                PERFORM pg_notify(channel, '');
            END IF;
            a := b + 1;
        END LOOP;
    END
    $function$;
