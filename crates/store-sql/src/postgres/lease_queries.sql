
    -- Returns the instant from which a job can be claimed: when the first unclaimed job is due, or when the claim
    -- of an earlier one expires. If `tasks` is not NULL, only jobs of these tasks are considered.
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
            SELECT j.due_at, j.claimed, j.claimed_until FROM {p}jobs j
            WHERE j.due_at IS NOT NULL AND ($1 IS NULL OR j.task = ANY ($1))
            ORDER BY j.due_at
        LOOP
            earliest := least(earliest, CASE WHEN NOT job.claimed
                THEN job.due_at ELSE greatest(job.claimed_until, job.due_at) END);
            EXIT WHEN earliest <= job.due_at;
        END LOOP;
        RETURN earliest;
    END
    $function$;

    -- Returns whether a node other than `me` that has no valid lease at `now` has claimed a job. If `tasks` is not
    -- NULL, only jobs of these tasks are considered. Only the 1,000 earliest due jobs are searched, so that the
    -- cost of a renewal does not depend on the number of overdue jobs; these jobs are claimed first, and claims of
    -- later ones expire after a short time. Jobs that are due within the next minute are included, because a
    -- node with a fast clock may have claimed them.
    CREATE FUNCTION {p}has_orphaned_claims(me text, now bigint, tasks text[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
    AS $function$
    BEGIN
        RETURN EXISTS (
            SELECT 1 FROM (
                SELECT j.claimed, j.claimed_by, j.task FROM {p}jobs j
                WHERE j.due_at <= $2 + 60000000 ORDER BY j.due_at LIMIT 1000
            ) AS first
            WHERE first.claimed AND first.claimed_by <> $1 AND ($3 IS NULL OR first.task = ANY ($3))
                AND NOT EXISTS (
                    SELECT 1 FROM {p}nodes n
                    WHERE n.id = first.claimed_by AND n.alive_until > $2
                        AND n.alive_until <= 253402300799999999 AND NOT n.revoked)
        );
    END
    $function$;

    -- Returns the jobs that are claimed by the node `of`, or by nodes without a valid lease at `now` if it is empty, and
    -- these nodes. If `tasks` is not NULL, only jobs of these tasks are returned. Locks the jobs; locked jobs are skipped.
    -- Jobs that are due within the next minute are included, because a node with a fast clock may have claimed them.
    CREATE FUNCTION {p}orphaned_claims(now bigint, most bigint, tasks text[], of text)
    RETURNS TABLE (id text, node text)
    LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
    AS $function$
    #variable_conflict use_column
    BEGIN
        RETURN QUERY
            SELECT j.id, j.claimed_by FROM {p}jobs j
            WHERE j.due_at <= $1 + 60000000 AND j.claimed AND ($3 IS NULL OR j.task = ANY ($3))
                AND (j.claimed_by = $4 OR $4 = '' AND NOT EXISTS (
                    SELECT 1 FROM {p}nodes n
                    WHERE n.id = j.claimed_by AND n.alive_until > $1
                        AND n.alive_until <= 253402300799999999 AND NOT n.revoked))
            ORDER BY j.due_at LIMIT $2 FOR UPDATE OF j SKIP LOCKED;
    END
    $function$;
