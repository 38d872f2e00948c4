-- PostgreSQL lets everybody execute a new function; apps/billing/privileges.py then lets the app role in.
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN
        SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%'
    LOOP
        EXECUTE 'REVOKE ALL ON FUNCTION ' || name || ' FROM PUBLIC';
    END LOOP;
END $$;
