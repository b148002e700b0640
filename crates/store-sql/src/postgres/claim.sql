
    -- Claims the earliest jobs that are due at `now`, at most `most`, for the node `claimer` until the instant
    -- `until`. If `tasks` is not NULL, only jobs of these tasks are claimed. Returns their records with the new
    -- fence and number of claims, followed by a row of NULLs if more jobs may be due. Schedules are not changed.
    --
    -- Consists of several statements: each sees what was committed before it began, and therefore all runs in
    -- flight of the rows that the first one has locked. Locked rows are skipped. Most of them are being claimed by
    -- another node; but a job that is being changed by a user may still be due. Therefore the row of NULLs is
    -- returned if any other job is claimable in this transaction's snapshot. Rows are found again by their place: a
    -- row that was changed while it was being locked has another one, so it is not claimed, but locked.
    --
    -- Fences and counts out of range are not changed, so that they never become valid.
    CREATE FUNCTION {p}claim(claimer text, now bigint, until bigint, most bigint, tasks text[])
    RETURNS TABLE (
        id text, task text, definition bytea, revision bigint, fence bigint, next_run_time bigint,
        due_at bigint, fire_count bigint, finished boolean, claims bigint, in_flight bigint
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
        -- The places of the claimed rows, which remain unchanged until the end of the transaction.
        taken tid[];
    BEGIN
        IF tasks IS NULL THEN
            WITH due AS (
                SELECT j.ctid AS place FROM {p}jobs j
                WHERE j.due_at <= $2
                    AND (NOT j.claimed OR coalesce(j.claimed_until, j.due_at) <= $2)
                ORDER BY j.due_at LIMIT $4 FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE {p}jobs j SET
                    lost_fence = CASE WHEN j.claimed THEN j.fence ELSE j.lost_fence END,
                    fence = j.fence + (j.fence BETWEEN 0 AND 4611686018427387904)::integer,
                    claims = j.claims + (j.claims BETWEEN 0 AND 4294967294)::integer,
                    claimed = true, claimed_by = $1, claimed_until = $3
                FROM due WHERE j.ctid = due.place RETURNING j.ctid AS place
            )
            SELECT array_agg(c.place) FROM claimed c INTO taken;
        ELSE
            WITH due AS (
                SELECT j.ctid AS place FROM {p}jobs j
                WHERE j.due_at <= $2
                    AND (NOT j.claimed OR coalesce(j.claimed_until, j.due_at) <= $2)
                    AND j.task = ANY ($5)
                ORDER BY j.due_at LIMIT $4 FOR UPDATE SKIP LOCKED
            ), claimed AS (
                UPDATE {p}jobs j SET
                    lost_fence = CASE WHEN j.claimed THEN j.fence ELSE j.lost_fence END,
                    fence = j.fence + (j.fence BETWEEN 0 AND 4611686018427387904)::integer,
                    claims = j.claims + (j.claims BETWEEN 0 AND 4294967294)::integer,
                    claimed = true, claimed_by = $1, claimed_until = $3
                FROM due WHERE j.ctid = due.place RETURNING j.ctid AS place
            )
            SELECT array_agg(c.place) FROM claimed c INTO taken;
        END IF;
        IF taken IS NOT NULL THEN
            RETURN QUERY
                SELECT j.id, j.task, j.definition, j.revision, j.fence, j.next_run_time, j.due_at,
                    j.fire_count, j.finished, j.claims,
                    (SELECT count(*) FROM {p}runs r WHERE r.job_id = j.id)
                FROM unnest(taken) AS t (place) JOIN {p}jobs j ON j.ctid = t.place;
        END IF;
        IF cardinality(taken) >= most OR EXISTS (
            SELECT 1 FROM {p}jobs j
            WHERE j.due_at <= $2
                AND (NOT j.claimed OR coalesce(j.claimed_until, j.due_at) <= $2)
                AND ($5 IS NULL OR j.task = ANY ($5))
                -- Jobs that were just claimed are not counted, even if their lease expires immediately.
                AND ($3 > $2 OR j.ctid <> ALL (coalesce(taken, '{}')))
        ) THEN
            RETURN NEXT;
        END IF;
    END
    $function$;
