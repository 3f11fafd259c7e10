-- What tests/postgres/check.sh adds to a database: a copy of all rows, a way back to them, and a text of what there is.
CREATE SCHEMA keep;
SELECT format('CREATE TABLE keep.%I AS TABLE public.%I', relname, relname) FROM pg_class WHERE relkind IN ('r', 'S') AND
  relnamespace = 'public'::regnamespace \gexec
CREATE PROCEDURE keep.restore() LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE name text; kind text;
BEGIN
  FOR name, kind IN SELECT c.relname, c.relkind FROM pg_class AS c JOIN pg_class AS k ON k.relname = c.relname
      WHERE c.relnamespace = 'public'::regnamespace AND k.relnamespace = 'keep'::regnamespace LOOP
    IF kind = 'r' THEN
      EXECUTE format('DELETE FROM public.%I', name);
      EXECUTE format('INSERT INTO public.%I SELECT * FROM keep.%I', name, name);
    ELSE
      EXECUTE format('SELECT setval(%L, last_value, is_called) FROM keep.%I', 'public.' || name, name);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION keep.state() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE name text; kind text;
BEGIN
  FOR name, kind IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') LOOP
    RETURN QUERY EXECUTE format(CASE kind WHEN 'r' THEN 'SELECT format(''%%s %%s'', %L, md5(string_agg(t::text, '','' ORDER BY t::text))) FROM %I AS t'
      ELSE 'SELECT format(''%%s %%s %%s'', %L, last_value, is_called) FROM %I' END, name, name);
  END LOOP;
  RETURN QUERY SELECT format('%s %s', c.oid::regclass, md5(string_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod),
    attnotnull), ',' ORDER BY attnum))) FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 GROUP BY c.oid;
  RETURN QUERY SELECT format('%s %s', conrelid::regclass, md5(string_agg(pg_get_constraintdef(oid), ',' ORDER BY pg_get_constraintdef(oid))))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace GROUP BY conrelid;
  RETURN QUERY SELECT format('not valid: %s', indexrelid::regclass) FROM pg_index WHERE NOT indisvalid;
  RETURN QUERY SELECT format('disabled: %s of %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE tgenabled = 'D';
END $$;
