DROP FUNCTION generation_query(uuid, text);
DROP FUNCTION generation_document(uuid, jsonb, text);
DROP FUNCTION generation_words(uuid, jsonb, text);
