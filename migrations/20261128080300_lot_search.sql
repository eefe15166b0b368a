-- migrate:up
-- Lists and search over a million lots, on indexes (检索). `luochui bench lots` measures it and shows the plans.
CREATE INDEX lots_public ON market.lots (id) WHERE published_at IS NOT NULL;
CREATE INDEX lots_of_venue ON market.lots (venue_id, id);

-- One spelling for what is looked for and what is found: compatibility forms are one (全角 and half width), small
-- letters, blanks between words.
CREATE FUNCTION market.search_text(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(lower(normalize(given, NFKC)), '[[:space:][:cntrl:]]+', ' ', 'g'))
$$;

-- Chinese has no blanks between words, so every pair of neighbouring characters is indexed: two code points in a number.
CREATE FUNCTION market.bigrams(given text) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT (ascii(c)::bigint << 21) | ascii(following)), '{}')
    FROM (SELECT c, lead(c) OVER (ORDER BY place) AS following
            FROM unnest(string_to_array(given, NULL)) WITH ORDINALITY AS t (c, place)) AS pairs
   WHERE following IS NOT NULL AND c <> ' ' AND following <> ' '
$$;

CREATE TABLE market.lot_search (
  lot_id uuid PRIMARY KEY REFERENCES market.lots,
  status text NOT NULL,
  body   text NOT NULL,
  grams  bigint[] NOT NULL
);
REVOKE INSERT, UPDATE, DELETE ON market.lot_search FROM luochui_app;  -- the trigger below writes, and nobody else
CREATE INDEX lot_search_grams ON market.lot_search USING gin (grams);
CREATE INDEX lot_search_status ON market.lot_search (status, lot_id);

-- What a published lot can be found by: its number and titles, and its rights' titles, numbers and owners, all of
-- which its notice says. Written by the database, in the transaction that publishes the lot, whoever publishes it.
CREATE FUNCTION market.lot_search_body(lot market.lots) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT market.search_text(concat_ws(' ', lot.number, lot.title_zh, lot.title,
           (SELECT string_agg(concat_ws(' ', a.title, a.number, a.owner_name), ' ' ORDER BY a.id)
              FROM market.lot_assets la JOIN market.assets a ON a.id = la.asset_id
             WHERE la.lot_id = lot.id)))
$$;
CREATE FUNCTION market.index_lot() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  found text;
BEGIN
  IF NEW.published_at IS NULL THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
    UPDATE market.lot_search SET status = NEW.status WHERE lot_id = NEW.id AND status <> NEW.status;
    RETURN NULL;
  END IF;
  found := market.lot_search_body(NEW);
  INSERT INTO market.lot_search (lot_id, status, body, grams)
  VALUES (NEW.id, NEW.status, found, market.bigrams(found));
  RETURN NULL;
END
$$;
CREATE TRIGGER index_lot AFTER INSERT OR UPDATE OF status, published_at ON market.lots
  FOR EACH ROW EXECUTE FUNCTION market.index_lot();

INSERT INTO market.lot_search (lot_id, status, body, grams)
SELECT l.id, l.status, s.body, market.bigrams(s.body)
  FROM market.lots l CROSS JOIN LATERAL (SELECT market.lot_search_body(l) AS body) s
 WHERE l.published_at IS NOT NULL;

-- migrate:down
DROP TRIGGER index_lot ON market.lots;
DROP TABLE market.lot_search;
DROP FUNCTION market.index_lot(), market.lot_search_body(market.lots), market.bigrams(text), market.search_text(text);
DROP INDEX market.lots_of_venue, market.lots_public;
