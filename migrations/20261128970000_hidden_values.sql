-- migrate:up
-- Hidden maxima, secret reserves, and the salts that keep their hashes from being guessed are kept back by grants, beneath
-- row-level security: a published lot's row is shown to everybody, its reserve to its venue and its consignor.
--
-- `luochui_engine` is what the hall, the projector and the jobs work as: it may do what `luochui_app` may, and read the
-- journal's bytes, without which no book can be rebuilt. What a request reads, it reads as `luochui_app`.
-- A column that a later migration adds to one of these tables needs its own GRANT SELECT to `luochui_app`.
DO $$
BEGIN
  CREATE ROLE luochui_engine NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;
GRANT luochui_app TO luochui_engine;

-- The rules as anybody may read them.
ALTER TABLE market.lots ADD COLUMN shown_profile text GENERATED ALWAYS AS ((profile::jsonb - 'reserve_price_fen')::text) STORED;

DO $$
DECLARE
  kept record;
BEGIN
  FOR kept IN SELECT * FROM (VALUES
    ('engine.batches', ARRAY['header', 'commands', 'decisions']),
    ('market.lots', ARRAY['reserve_price_fen', 'profile', 'profile_salt']),
    ('market.sealings', ARRAY['profile', 'profile_salt'])) AS t (name, hidden)
  LOOP
    EXECUTE format('REVOKE SELECT ON %s FROM luochui_app', kept.name);
    EXECUTE format('GRANT SELECT (%s) ON %s TO luochui_app',
      (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = kept.name::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL (kept.hidden)),
      kept.name);
    EXECUTE format('GRANT SELECT ON %s TO luochui_engine', kept.name);
  END LOOP;
END
$$;

-- Of one lot, for whom its row is more than a notice: its venue, its consignor, authorities, the platform's own work. Null else.
CREATE FUNCTION market.secret_of_lot(lot uuid, OUT reserve_price_fen bigint, OUT profile text, OUT profile_salt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.reserve_price_fen, l.profile, l.profile_salt
    FROM market.lots l
   WHERE l.id = lot
     AND (current_setting('app.scope', true) IN ('all', 'oversight')
          OR nullif(current_setting('app.organisation', true), '')::uuid IN (l.venue_id, l.consignor_id))
$$;

-- The same of a lot's sealing: its venue, its second opener, authorities, the platform's own work.
CREATE FUNCTION market.secret_of_sealing(lot uuid, OUT profile text, OUT profile_salt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.profile, s.profile_salt
    FROM market.sealings s JOIN market.lots l ON l.id = s.lot_id
   WHERE s.lot_id = lot
     AND (current_setting('app.scope', true) IN ('all', 'oversight')
          OR nullif(current_setting('app.organisation', true), '')::uuid IN (l.venue_id, s.opener_id))
$$;
REVOKE EXECUTE ON FUNCTION market.secret_of_lot, market.secret_of_sealing FROM PUBLIC;

-- migrate:down
DROP FUNCTION market.secret_of_sealing, market.secret_of_lot;
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['engine.batches', 'market.lots', 'market.sealings'] LOOP
    EXECUTE format('REVOKE SELECT ON %s FROM luochui_engine', name);
    EXECUTE format('REVOKE SELECT (%s) ON %s FROM luochui_app',
      (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
        WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped), name);
    EXECUTE format('GRANT SELECT ON %s TO luochui_app', name);
  END LOOP;
END
$$;
ALTER TABLE market.lots DROP COLUMN shown_profile;
