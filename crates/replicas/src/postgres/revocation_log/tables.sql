CREATE TABLE IF NOT EXISTS mcp_auth_revocations (
    id bytea PRIMARY KEY,
    slot text NOT NULL,
    time bigint NOT NULL,
    text text NOT NULL,
    changed_in xid8 NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS mcp_auth_revocations_changed_in
    ON mcp_auth_revocations (changed_in);
CREATE TABLE IF NOT EXISTS mcp_auth_checkpoints (
    name text PRIMARY KEY,
    value text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS mcp_auth_leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL
);
