-- migrate:up
-- Who may not bid (利害关系与禁入): the venue's register of barred parties, groups of organisations, and what each
-- bidder declares of itself when it registers.

-- 法释〔2016〕18号 art. 34; 拍卖法 arts. 22, 30. `code` is a unified social credit code, or of a natural person the
-- SHA-256 of the number of their papers: the number itself is nobody's business here.
CREATE TABLE market.barred_parties (
  id         uuid PRIMARY KEY,
  venue_id   uuid NOT NULL REFERENCES market.organisations,
  code       text NOT NULL CHECK (code ~ '^([0-9A-Z]{18}|[0-9a-f]{64})$'),
  kind       text NOT NULL CHECK (kind IN ('court', 'platform', 'auxiliary', 'staff', 'close_relative', 'defaulter', 'other')),
  reason     text NOT NULL CHECK (reason <> ''),
  valid_from timestamptz NOT NULL,
  valid_to   timestamptz,
  added_by   uuid NOT NULL REFERENCES market.users,
  added_at   timestamptz NOT NULL,
  lifted_by  uuid REFERENCES market.users,
  lifted_at  timestamptz,
  lift_reason text,
  CONSTRAINT period_in_order CHECK (valid_to > valid_from),
  CONSTRAINT lifted_by_another CHECK (lifted_by <> added_by),
  CONSTRAINT lifted_whole CHECK (num_nulls(lifted_by, lifted_at, lift_reason) IN (0, 3))
);
CREATE INDEX barred_parties_by_code ON market.barred_parties (venue_id, code) WHERE lifted_at IS NULL;
REVOKE DELETE ON market.barred_parties FROM luochui_app;

-- An organisation's group (关联方): parents, subsidiaries, those who control it or whom it controls.
CREATE TABLE market.group_members (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  code            text NOT NULL CHECK (code ~ '^([0-9A-Z]{18}|[0-9a-f]{64})$'),
  name            text NOT NULL CHECK (name <> ''),
  nature          text NOT NULL CHECK (nature <> ''),
  added_by        uuid NOT NULL REFERENCES market.users,
  added_at        timestamptz NOT NULL,
  ended_at        timestamptz
);
CREATE UNIQUE INDEX group_member_once ON market.group_members (organisation_id, code) WHERE ended_at IS NULL;
CREATE INDEX group_members_by_code ON market.group_members (code) WHERE ended_at IS NULL;
REVOKE DELETE ON market.group_members FROM luochui_app;

-- 竞买登记表: what a bidder says of itself, and from where it registered.
CREATE TABLE market.bidder_declarations (
  bidder_id       uuid PRIMARY KEY REFERENCES market.bidders,
  lot_id          uuid NOT NULL REFERENCES market.lots,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  controllers     text[] NOT NULL,
  related         text[] NOT NULL,
  account_sha256  text CHECK (account_sha256 ~ '^[0-9a-f]{64}$'),
  device_sha256   text CHECK (device_sha256 ~ '^[0-9a-f]{64}$'),
  -- /24 or /64 and what the browser calls itself, where a browser on the public internet registered
  origin          text,
  is_foreign      boolean NOT NULL,
  letter_of_intent text,
  source_of_funds text NOT NULL,
  content         jsonb NOT NULL,
  declared_at     timestamptz NOT NULL
);
CREATE INDEX declarations_of_lot ON market.bidder_declarations (lot_id);
CREATE INDEX declarations_of_organisation ON market.bidder_declarations (organisation_id);
REVOKE UPDATE, DELETE ON market.bidder_declarations FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.bidder_declarations
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

SELECT market.guard_rows('market.barred_parties', 'venue_id = :me');
SELECT market.guard_rows('market.group_members', 'organisation_id = :me');
SELECT market.guard_rows('market.bidder_declarations', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');

-- What is looked at across organisations, whoever registers: the caller learns a yes or no, never a row of another's.
CREATE FUNCTION market.barred_among(p_venue uuid, p_codes text[], p_now timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT DISTINCT code FROM market.barred_parties
   WHERE venue_id = p_venue AND code = ANY (p_codes) AND lifted_at IS NULL AND (valid_to IS NULL OR valid_to > p_now)
$$;
CREATE FUNCTION market.codes_of_sellers(p_organisations uuid[]) RETURNS SETOF text
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.credit_code FROM market.organisations o WHERE o.id = ANY (p_organisations) AND o.credit_code IS NOT NULL
  UNION
  SELECT m.code FROM market.group_members m WHERE m.organisation_id = ANY (p_organisations) AND m.ended_at IS NULL
$$;
-- Whether an organisation won one of a lot's rights before and did not pay.
CREATE FUNCTION market.has_defaulted_on(p_organisation uuid, p_lot uuid) RETURNS boolean
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (
    SELECT 1 FROM market.bidders b
      JOIN market.sales s ON s.winner_id = b.id
      JOIN market.lots l ON l.id = b.lot_id AND l.status = 'defaulted'
      JOIN market.lot_assets old ON old.lot_id = l.id
      JOIN market.lot_assets new ON new.asset_id = old.asset_id AND new.lot_id = p_lot
     WHERE b.organisation_id = p_organisation)
$$;
-- What the bidders of a lot declared of themselves: one bidder (p_bidder), or all others than an organisation's.
CREATE FUNCTION market.declared_at_lot(p_lot uuid, p_bidder uuid, p_but_for uuid)
RETURNS TABLE (code text, controllers text[], related text[], account_sha256 text, device_sha256 text, origin text)
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.credit_code, coalesce(d.controllers, '{}'), coalesce(d.related, '{}'), d.account_sha256, d.device_sha256, d.origin
    FROM market.bidders b
    JOIN market.organisations o ON o.id = b.organisation_id
    LEFT JOIN market.bidder_declarations d ON d.bidder_id = b.id
   WHERE b.lot_id = p_lot
     AND (p_bidder IS NULL OR b.id = p_bidder)
     AND (p_but_for IS NULL OR (b.organisation_id <> p_but_for AND b.status <> 'barred'))
$$;
CREATE FUNCTION market.rights_at_lot(p_lot uuid) RETURNS TABLE (ip_type text, flags text[], export_class text)
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT a.ip_type, a.flags, a.export_class
    FROM market.lot_assets la JOIN market.assets a ON a.id = la.asset_id WHERE la.lot_id = p_lot ORDER BY a.id
$$;

-- migrate:down
DROP FUNCTION market.barred_among(uuid, text[], timestamptz), market.codes_of_sellers(uuid[]),
  market.has_defaulted_on(uuid, uuid), market.declared_at_lot(uuid, uuid, uuid), market.rights_at_lot(uuid);
DROP TABLE market.bidder_declarations, market.group_members, market.barred_parties;
