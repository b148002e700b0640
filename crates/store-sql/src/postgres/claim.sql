
    -- Claims up to `most` jobs that are due `now`, of these tasks or (null) of any, soonest first: hides
    -- them until `until` and answers their records as they were, but with the new fence.
    --
    -- In two statements: the second one sees what was committed before the rows were locked, and so counts
    -- all runs in flight.
    CREATE FUNCTION {p}claim(now bigint, until bigint, most bigint, tasks text[])
    RETURNS TABLE (
        id text, task text, definition bytea, revision bigint, fence bigint, next_run_time bigint,
        due_at bigint, fire_count bigint, finished boolean, in_flight bigint
    )
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    AS $function$
    #variable_conflict use_column
    DECLARE
        taken {p}jobs[];
        dues bigint[];
    BEGIN
        IF tasks IS NULL THEN
            WITH due AS (
                SELECT j.id, coalesce(j.claimed_until, j.due_at) AS due_at FROM {p}jobs j
                WHERE j.due_at <= $1 AND (j.claimed_until IS NULL OR j.claimed_until <= $1)
                ORDER BY j.due_at LIMIT $3 FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE {p}jobs j SET claimed_until = $2, fence = j.fence + 1
                FROM due WHERE j.id = due.id RETURNING j AS job, due.due_at
            )
            SELECT array_agg(c.job), array_agg(c.due_at) FROM claimed c INTO taken, dues;
        ELSE
            WITH due AS (
                SELECT j.id, coalesce(j.claimed_until, j.due_at) AS due_at FROM {p}jobs j
                WHERE j.due_at <= $1 AND (j.claimed_until IS NULL OR j.claimed_until <= $1)
                    AND j.task = ANY ($4)
                ORDER BY j.due_at LIMIT $3 FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE {p}jobs j SET claimed_until = $2, fence = j.fence + 1
                FROM due WHERE j.id = due.id RETURNING j AS job, due.due_at
            )
            SELECT array_agg(c.job), array_agg(c.due_at) FROM claimed c INTO taken, dues;
        END IF;
        IF taken IS NULL THEN
            RETURN;
        END IF;
        RETURN QUERY
            SELECT t.id, t.task, d.definition, t.revision, t.fence, t.next_run_time, t.was_due_at,
                t.fire_count, t.finished,
                (SELECT count(*) FROM {p}runs r WHERE r.job_id = t.id)
            FROM unnest(taken, dues) AS t (
                id, task, revision, fence, next_run_time, due_at, claimed_until, fire_count, finished,
                was_due_at
            ) JOIN {p}definitions d ON d.job_id = t.id;
    END
    $function$;

    -- When there will be something to claim, of these tasks or (null) of any: when the first job is due that
    -- nobody holds, or when the claim on one before it lapses.
    CREATE FUNCTION {p}next_wakeup(tasks text[]) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
    AS $function$
    DECLARE
        job record;
        earliest bigint;
    BEGIN
        FOR job IN
            SELECT j.due_at, j.claimed_until FROM {p}jobs j
            WHERE j.due_at IS NOT NULL AND ($1 IS NULL OR j.task = ANY ($1))
            ORDER BY j.due_at
        LOOP
            earliest := least(earliest, coalesce(job.claimed_until, job.due_at));
            EXIT WHEN earliest <= job.due_at;
        END LOOP;
        RETURN earliest;
    END
    $function$;
