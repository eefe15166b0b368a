-- migrate:up
-- Who is invited is known as a person too: by the same slow digest of the identity number as users are (reliability T69).
ALTER TABLE market.invitations ADD COLUMN identity_digest bytea CHECK (length(identity_digest) = 32);

-- migrate:down
ALTER TABLE market.invitations DROP COLUMN identity_digest;
