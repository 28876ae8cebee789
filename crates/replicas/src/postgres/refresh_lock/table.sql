CREATE TABLE IF NOT EXISTS mcp_auth_refreshes (
    key text PRIMARY KEY,
    holder text NOT NULL,
    outcome text,
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS mcp_auth_refreshes_expires_at
    ON mcp_auth_refreshes (expires_at);
