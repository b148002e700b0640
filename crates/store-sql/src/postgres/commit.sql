
    -- Carries out commits and answers which of them held, by their places, and which removed their job. No
    -- two commits of one wave are for the same job; `ends` are the places of the last ones of each wave. The
    -- arrays from `kinds` to `run_ids` have an entry for each commit, those from `start_of` on for each run
    -- that starts, in the order of the commits.
    --
    -- Kinds: 0 advance, 1 postpone, 2 release (starts outside of the schedule), 3 finish, 4 clear a run,
    -- 5 none that is known here.
    --
    -- Each statement sees what was committed before it began; so what has to see everything comes after the
    -- rows are locked.
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
        cleared integer[];
        gone integer[];
        held boolean[];
        place integer;
    BEGIN
        FOREACH b IN ARRAY ends LOOP
            -- A job that finishes leaves at once if it has no runs, and those who clear its last ones must
            -- find it finished: both wait for each other at the runs.
            IF 3 = ANY (kinds[a:b]) THEN
                PERFORM 1 FROM unnest(kinds[a:b], ids[a:b]) AS c (kind, id)
                    JOIN {p}jobs j ON j.id = c.id WHERE c.kind = 3
                    ORDER BY j.id FOR UPDATE OF j;
                PERFORM 1 FROM unnest(kinds[a:b], ids[a:b]) AS c (kind, id)
                    JOIN {p}runs r ON r.job_id = c.id WHERE c.kind = 3
                    ORDER BY r.job_id, r.run_id FOR UPDATE OF r;
            END IF;

            WITH u AS (
                UPDATE {p}jobs j SET
                    fence = CASE c.kind WHEN 2 THEN j.fence + 1 ELSE j.fence END,
                    next_run_time = CASE c.kind
                        WHEN 0 THEN c.next_run_time WHEN 3 THEN NULL ELSE j.next_run_time END,
                    due_at = CASE c.kind
                        WHEN 0 THEN c.due_at
                        WHEN 1 THEN CASE WHEN j.next_run_time IS NOT NULL THEN c.due_at END
                        WHEN 2 THEN j.next_run_time END,
                    claimed_until = NULL,
                    fire_count = CASE c.kind WHEN 0 THEN c.fire_count ELSE j.fire_count END,
                    finished = CASE c.kind WHEN 0 THEN false WHEN 3 THEN true ELSE j.finished END
                FROM unnest(
                    kinds[a:b], ids[a:b], fences[a:b], next_run_times[a:b], due_ats[a:b],
                    fire_counts[a:b]
                ) WITH ORDINALITY AS c (kind, id, fence, next_run_time, due_at, fire_count, place)
                WHERE j.id = c.id AND j.fence = c.fence AND c.kind < 4
                RETURNING c.place
            )
            SELECT array_agg(u.place + a - 1) FROM u INTO changed;
            done := done || changed;

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

            IF 4 = ANY (kinds[a:b]) THEN
                WITH d AS (
                    DELETE FROM {p}runs r
                    USING unnest(kinds[a:b], ids[a:b], fences[a:b], run_ids[a:b])
                        WITH ORDINALITY AS c (kind, id, fence, run_id, place)
                    WHERE c.kind = 4
                        AND r.job_id = c.id AND r.run_id = c.run_id AND r.fence = c.fence
                    RETURNING c.place
                )
                SELECT array_agg(d.place + a - 1) FROM d INTO cleared;
                done := done || cleared;
            END IF;

            IF 3 = ANY (kinds[a:b]) OR cleared IS NOT NULL THEN
                PERFORM 1 FROM unnest(ids[a:b]) AS c (id) JOIN {p}jobs j ON j.id = c.id
                    WHERE j.finished ORDER BY j.id FOR UPDATE OF j;
                IF FOUND THEN
                    WITH leaving AS (
                        DELETE FROM {p}jobs j
                        USING unnest(ids[a:b]) WITH ORDINALITY AS c (id, place)
                        WHERE j.id = c.id AND j.finished
                            AND NOT EXISTS (SELECT 1 FROM {p}runs r WHERE r.job_id = j.id)
                        RETURNING c.id, c.place
                    ), definition AS (
                        DELETE FROM {p}definitions d USING leaving l WHERE d.job_id = l.id
                    )
                    SELECT array_agg(l.place + a - 1) FROM leaving l INTO gone;
                    removed := removed || gone;
                END IF;
            END IF;

            IF 2 = ANY (kinds[a:b]) AND changed IS NOT NULL THEN
                PERFORM pg_notify(channel, '');
            END IF;
            a := b + 1;
        END LOOP;
    END
    $function$;
