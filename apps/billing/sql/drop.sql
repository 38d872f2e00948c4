DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN
        SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%'
    LOOP
        EXECUTE 'DROP FUNCTION ' || name || ' CASCADE';
    END LOOP;
    DROP TYPE ledger_result;
END $$;
