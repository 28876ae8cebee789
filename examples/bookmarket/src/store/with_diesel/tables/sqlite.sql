CREATE TABLE IF NOT EXISTS users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workos_id VARCHAR NOT NULL UNIQUE,
    name VARCHAR,
    created_at TIMESTAMP_WITH_TIMEZONE_TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS bookmarks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    title VARCHAR NOT NULL,
    tags TEXT NOT NULL,
    created_at TIMESTAMP_WITH_TIMEZONE_TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx-bookmarks-user_id" ON bookmarks (user_id);
-- Activity may outlast an account, so it refers to none. Subjects and client ids have any length, so
-- no index has them.
CREATE TABLE IF NOT EXISTS activity (
    id VARCHAR(26) NOT NULL PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    user_id INTEGER,
    subject TEXT NOT NULL,
    credential VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    client_id TEXT,
    client_name VARCHAR(256),
    client_name_source VARCHAR,
    method VARCHAR(256) NOT NULL,
    target_kind VARCHAR,
    target TEXT,
    decision VARCHAR NOT NULL,
    reason VARCHAR,
    outcome VARCHAR NOT NULL,
    code INTEGER,
    duration_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx-activity-user_id" ON activity (user_id, id);
