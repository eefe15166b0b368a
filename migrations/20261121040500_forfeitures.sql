-- migrate:up
-- What a forfeited deposit was used for once the re-auction's result was known; once a deposit (domain 6.5).
CREATE TABLE settlement.forfeitures (
  deposit_id uuid PRIMARY KEY REFERENCES settlement.deposits,
  content bytea NOT NULL,
  transfer_id uuid NOT NULL UNIQUE REFERENCES settlement.transfers,
  used_at timestamptz NOT NULL
);
CREATE TRIGGER forfeitures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.forfeitures
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.forfeitures FROM luochui_app;

-- migrate:down
DROP TABLE settlement.forfeitures;
