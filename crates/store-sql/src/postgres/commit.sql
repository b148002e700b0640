
    -- Executes commits. Returns the indexes of those that were executed by this call or an earlier one, and of
    -- those that removed their job. No two commits of a group are for the same job; `ends` contains the index of
    -- the last commit of each group. The arrays from `kinds` to `run_ids` have an element for each commit, those
    -- from `start_of` to `start_fences` for each run that is started or retried, in the order of the commits.
    --
    -- Kinds: 0 finish without runs, 1 finish with runs, 2 advance, 3 postpone (these settle a claim), 4 bring
    -- forward, 5 start (outside of the schedule), 6 clear a run, 7 retry a run, 8 unknown.
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
        guarded integer;
        busy text[];
        changed integer[];
        repeated integer[];
        cleared integer[];
        cleared_ids text[];
        retried integer[];
        finished_places integer[];
        finished_ids text[];
        finished_fences bigint[];
        removed_now integer[];
        held boolean[];
        place integer;
    BEGIN
        FOREACH b IN ARRAY ends LOOP
            -- A finished job is removed by the transaction that finishes it or by the one that clears its last
            -- run, whichever is later. If there are runs, both lock them, so that the later one sees the changes of
            -- the other. A run that is recorded after the runs have been read here changes the fence or settles the
            -- claim, so that the job is not finished by this call.
            IF 2 > ANY (kinds[a:b]) THEN
                SELECT array_agg(DISTINCT r.job_id) FROM unnest(kinds[a:b], ids[a:b]) AS c (kind, id)
                    JOIN {p}runs r ON r.job_id = c.id WHERE c.kind < 2 INTO busy;
                IF busy IS NOT NULL THEN
                    PERFORM 1 FROM {p}jobs j WHERE j.id = ANY (busy) ORDER BY j.id FOR UPDATE;
                    PERFORM 1 FROM {p}runs r WHERE r.job_id = ANY (busy)
                        ORDER BY r.job_id, r.run_id FOR UPDATE;
                END IF;
            END IF;

            -- The number of commits that are guarded by the fence of their job.
            SELECT count(*) FROM unnest(kinds[a:b]) AS c (kind) WHERE c.kind < 6 INTO guarded;
            changed := NULL;
            IF 0 = ANY (kinds[a:b]) THEN
                WITH d AS (
                    DELETE FROM {p}jobs j
                    USING unnest(kinds[a:b], ids[a:b], fences[a:b])
                        WITH ORDINALITY AS c (kind, id, fence, place)
                    WHERE c.kind = 0 AND j.id = c.id AND j.fence = c.fence AND j.claimed
                        AND NOT EXISTS (SELECT 1 FROM {p}runs r WHERE r.job_id = j.id)
                    RETURNING c.place
                )
                SELECT array_agg(d.place + a - 1) FROM d INTO changed;
                removed := removed || changed;
            END IF;

            IF coalesce(cardinality(changed), 0) < guarded THEN
                WITH u AS (
                    UPDATE {p}jobs j SET
                        fence = CASE c.kind
                            WHEN 5 THEN j.fence + (j.fence BETWEEN 0 AND 4611686018427387904)::integer
                            ELSE j.fence END,
                        lost_fence = CASE WHEN c.kind = 5 AND j.claimed
                            THEN j.fence ELSE j.lost_fence END,
                        next_run_time = CASE
                            WHEN c.kind < 2 THEN NULL WHEN c.kind = 2 THEN c.next_run_time
                            ELSE j.next_run_time END,
                        due_at = CASE
                            WHEN c.kind < 2 THEN NULL WHEN c.kind = 2 THEN c.due_at
                            WHEN c.kind = 5 THEN j.due_at
                            ELSE CASE WHEN j.next_run_time IS NOT NULL
                                THEN greatest(c.due_at, j.next_run_time) END END,
                        claimed = false,
                        claims = CASE
                            WHEN c.kind < 3 THEN 0
                            WHEN c.kind = 3 THEN j.claims - (j.claims > 0)::integer
                            ELSE j.claims END,
                        fire_count = CASE c.kind WHEN 2 THEN c.fire_count ELSE j.fire_count END,
                        finished = j.finished OR c.kind < 2
                    FROM unnest(
                        kinds[a:b], ids[a:b], fences[a:b], next_run_times[a:b], due_ats[a:b],
                        fire_counts[a:b]
                    ) WITH ORDINALITY AS c (kind, id, fence, next_run_time, due_at, fire_count, place)
                    WHERE j.id = c.id AND j.fence = c.fence AND CASE
                        WHEN c.kind < 4 THEN j.claimed
                        WHEN c.kind = 4 THEN NOT j.claimed AND c.due_at < j.due_at
                        ELSE c.kind = 5 END
                    RETURNING c.place
                )
                SELECT changed || array_agg(u.place + a - 1) FROM u INTO changed;
            END IF;
            done := done || changed;

            -- Determines which of the commits without effect are repeats, from the fences and the recorded runs.
            -- Fences increase with each claim: the claims between the last unsettled one and the open one, if
            -- there is one, have all been settled.
            IF coalesce(cardinality(changed), 0) < guarded THEN
                SELECT array_agg(c.place + a - 1)
                FROM unnest(kinds[a:b], ids[a:b], fences[a:b])
                    WITH ORDINALITY AS c (kind, id, fence, place)
                JOIN {p}jobs j ON j.id = c.id
                WHERE c.kind < 6 AND (changed IS NULL OR c.place + a - 1 <> ALL (changed)) AND CASE
                    WHEN c.kind < 4 THEN j.lost_fence < c.fence
                        AND (c.fence < j.fence OR c.fence = j.fence AND NOT j.claimed)
                    WHEN c.kind = 4 THEN c.fence = j.fence
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

            IF 7 = ANY (kinds[a:b]) THEN
                WITH u AS (
                    UPDATE {p}runs r SET
                        scheduled_time = s.scheduled_time, attempt = s.attempt, node = s.node,
                        fence = s.fence
                    FROM unnest(start_of, start_ids, scheduled_times, attempts, nodes, start_fences)
                        AS s (place, run_id, scheduled_time, attempt, node, fence)
                    WHERE s.place BETWEEN a AND b AND kinds[s.place] = 7
                        AND r.job_id = ids[s.place] AND r.run_id = s.run_id
                        AND r.fence = fences[s.place] AND s.fence > r.fence
                    RETURNING s.place
                )
                SELECT array_agg(u.place) FROM u INTO retried;
                SELECT retried || array_agg(s.place)
                FROM unnest(start_of, start_ids, scheduled_times, attempts, nodes, start_fences)
                    AS s (place, run_id, scheduled_time, attempt, node, fence)
                JOIN {p}runs r ON r.job_id = ids[s.place] AND r.run_id = s.run_id
                WHERE s.place BETWEEN a AND b AND kinds[s.place] = 7
                    AND (retried IS NULL OR s.place <> ALL (retried))
                    AND r.scheduled_time = s.scheduled_time AND r.attempt = s.attempt
                    AND r.node = s.node AND r.fence = s.fence
                INTO retried;
                done := done || retried;
            END IF;

            IF 6 = ANY (kinds[a:b]) THEN
                WITH d AS (
                    DELETE FROM {p}runs r
                    USING unnest(kinds[a:b], ids[a:b], fences[a:b], run_ids[a:b])
                        WITH ORDINALITY AS c (kind, id, fence, run_id, place)
                    WHERE c.kind = 6
                        AND r.job_id = c.id AND r.run_id = c.run_id AND r.fence = c.fence
                    RETURNING c.place, c.id
                )
                SELECT array_agg(d.place + a - 1), array_agg(d.id) FROM d INTO cleared, cleared_ids;
                done := done || cleared;

                -- A run that is recorded after the finished jobs have been read changes the fence.
                SELECT array_agg(c.place), array_agg(c.id), array_agg(j.fence)
                    FROM unnest(cleared, cleared_ids) AS c (place, id)
                    JOIN {p}jobs j ON j.id = c.id WHERE j.finished
                    INTO finished_places, finished_ids, finished_fences;
                IF finished_places IS NOT NULL THEN
                    WITH d AS (
                        DELETE FROM {p}jobs j
                        USING unnest(finished_places, finished_ids, finished_fences)
                            AS c (place, id, fence)
                        WHERE j.id = c.id AND j.fence = c.fence AND j.finished
                            AND NOT EXISTS (SELECT 1 FROM {p}runs r WHERE r.job_id = j.id)
                        RETURNING c.place
                    )
                    SELECT array_agg(d.place) FROM d INTO removed_now;
                    removed := removed || removed_now;
                    -- The others have further runs, which a concurrent transaction may clear, or have just changed.
                    -- The lock ensures that the last transaction sees the changes of the others.
                    IF coalesce(cardinality(removed_now), 0) < cardinality(finished_places) THEN
                        PERFORM 1 FROM {p}jobs j WHERE j.id = ANY (finished_ids)
                            ORDER BY j.id FOR UPDATE;
                        WITH d AS (
                            DELETE FROM {p}jobs j
                            USING unnest(finished_places, finished_ids) AS c (place, id)
                            WHERE j.id = c.id AND j.finished
                                AND NOT EXISTS (SELECT 1 FROM {p}runs r WHERE r.job_id = j.id)
                            RETURNING c.place
                        )
                        SELECT array_agg(d.place) FROM d INTO removed_now;
                        removed := removed || removed_now;
                    END IF;
                END IF;
            END IF;

            -- A job may be due earlier.
            IF changed IS NOT NULL AND ('{4,5}' && kinds[a:b]::integer[]) THEN
                PERFORM pg_notify(channel, '');
            END IF;
            a := b + 1;
        END LOOP;
    END
    $function$;
