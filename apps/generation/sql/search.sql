-- The words of a generation, and of a search for it. Every word carries the end of its workspace's id, so that a
-- search, even for "a...", reads the words of its own workspace in the index and nobody else's.

-- Words are what stands between spaces and punctuation, in lower case. PostgreSQL's own parser would keep "and/or",
-- addresses and signs together, takes longer, and knows little beyond ASCII where the locale is C. A sign of Chinese
-- or Japanese is a word of its own. What is too long for a word is left out. A tsvector holds a megabyte: the words of
-- so many characters never fill it. PL/pgSQL, because it keeps its plans: the index asks for the words of each ending.
CREATE FUNCTION generation_words(workspace_id uuid, inputs jsonb, output text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
AS $$
DECLARE
    said text := '';
BEGIN
    IF jsonb_typeof(inputs) = 'object' THEN
        said := left((SELECT string_agg(input.value, ' ') FROM jsonb_each_text(inputs) AS input), 20000);
    END IF;
    said := lower(concat_ws(' ', said, left(output, 80000)));
    said := regexp_replace(said, '([\u3040-\u30FF\u3400-\u9FFF])', ' \1 ', 'g');
    said := regexp_replace(said,
        '[\x01-\x2F\x3A-\x40\x5B-\x60\x7B-\xA9\xAB-\xB4\xB6-\xB9\xBB-\xBF\u2000-\u206F\u3000-\u303F\uFF00-\uFF0F\uFF1A-\uFF20]+',
        ' ', 'g');
    RETURN ARRAY(
        SELECT right(workspace_id::text, 12) || word
          FROM unnest(string_to_array(said, ' ')) AS word
         WHERE length(word) BETWEEN 1 AND 100
    );
END
$$;

CREATE FUNCTION generation_document(workspace_id uuid, inputs jsonb, output text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(generation_words(workspace_id, inputs, output));

-- All words must occur; the last one may go on. NULL when nothing that was typed is a word.
CREATE FUNCTION generation_query(workspace_id uuid, wanted text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('''' || nullif(array_to_string(generation_words(workspace_id, NULL, wanted), ''' & '''), '') || ''':*')::tsquery;
