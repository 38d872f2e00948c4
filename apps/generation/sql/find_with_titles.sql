-- As find.sql says; and those whose conversation has a title of a person's own in which every word occurs. Such titles
-- are found first and apart: what they lead to is then a few rows, whatever the planner thinks of conversations.
CREATE OR REPLACE FUNCTION generation_find(of_workspace uuid, wanted text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF current_setting('keel.scope', true) IN ('system', of_workspace::text) THEN
        RETURN QUERY
              WITH titled AS MATERIALIZED (
                SELECT conversation.id
                  FROM generation_conversation AS conversation
                 WHERE generation_document(conversation.workspace_id, NULL, conversation.title)
                       @@ generation_query(of_workspace, wanted)
                   AND conversation.workspace_id = of_workspace
                   AND conversation.renamed_at IS NOT NULL)
            SELECT generation.id
              FROM generation_generation AS generation
             WHERE generation_document(generation.workspace_id, generation.inputs, generation.output)
                   @@ generation_query(of_workspace, wanted)
               AND generation.workspace_id = of_workspace
               AND generation.status IN ('succeeded', 'failed', 'canceled')
             UNION
            SELECT generation.id
              FROM generation_generation AS generation
             WHERE generation.conversation_id IN (SELECT titled.id FROM titled)
               AND generation.workspace_id = of_workspace
               AND generation.status IN ('succeeded', 'failed', 'canceled');
    END IF;
END
$$;
