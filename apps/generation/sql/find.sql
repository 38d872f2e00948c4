-- The ended generations of a workspace in which every word occurs. It runs as the owner, because the index cannot be used
-- under row-level security (the operator @@ is not leakproof): so it is itself the wall, and answers for the scope alone.
CREATE FUNCTION generation_find(of_workspace uuid, wanted text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF current_setting('keel.scope', true) IN ('system', of_workspace::text) THEN
        RETURN QUERY
            SELECT generation.id
              FROM generation_generation AS generation
             WHERE generation_document(generation.workspace_id, generation.inputs, generation.output)
                   @@ generation_query(of_workspace, wanted)
               AND generation.workspace_id = of_workspace
               AND generation.status IN ('succeeded', 'failed', 'canceled');
    END IF;
END
$$;
