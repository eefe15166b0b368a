-- migrate:up
-- What rests on a right besides its pledge: licences, open licence, preservation, suits, commitments. Source: domain 3.3, 3.4, 3.8.
CREATE TABLE market.burdens (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  asset_id uuid NOT NULL REFERENCES market.assets,
  kind text NOT NULL CHECK (kind IN ('ordinary_licence', 'sole_licence', 'exclusive_licence', 'open_licence', 'preservation',
                                     'ownership_suspension', 'invalidation', 'non_use_request', 'litigation',
                                     'standards_commitment', 'government_funding', 'inventor_remuneration')),
  holder_name text NOT NULL CHECK (holder_name <> ''),
  holder_code text CHECK (holder_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  territories text[] NOT NULL DEFAULT '{}',
  fields text[] NOT NULL DEFAULT '{}',
  starts_on date NOT NULL,
  ends_on date CHECK (ends_on >= starts_on),
  record_number text NOT NULL DEFAULT '',
  recorded_on date,
  has_pledgee_consent boolean NOT NULL DEFAULT false,
  terms text NOT NULL DEFAULT '',
  royalty_fen_a_year bigint CHECK (royalty_fen_a_year BETWEEN 0 AND 10000000000000),
  source text NOT NULL CHECK (source <> ''),
  state text NOT NULL CHECK (state IN ('standing', 'ended')),
  ended_on date,
  reason text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT burden_end_is_reasoned CHECK ((state = 'ended') = (ended_on IS NOT NULL AND reason IS NOT NULL))
);
CREATE INDEX burdens_of_asset ON market.burdens (asset_id, id);
CREATE INDEX burdens_of_organisation ON market.burdens (organisation_id, id);

-- migrate:down
DROP TABLE market.burdens;
