-- In another collation than a binary one, `USER_ADA` would be `user_ada`.
CREATE TABLE IF NOT EXISTS users (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    workos_id VARCHAR(255) NOT NULL UNIQUE,
    name VARCHAR(255),
    created_at TIMESTAMP NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- The foreign key brings its index along.
CREATE TABLE IF NOT EXISTS bookmarks (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    title VARCHAR(255) NOT NULL,
    tags TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- Activity may outlast an account, so it refers to none. Subjects and client ids have any length, so
-- no index has them.
CREATE TABLE IF NOT EXISTS activity (
    id VARCHAR(26) PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    user_id BIGINT,
    subject TEXT NOT NULL,
    credential VARCHAR(255) NOT NULL,
    kind VARCHAR(255) NOT NULL,
    client_id TEXT,
    client_name VARCHAR(256),
    client_name_source VARCHAR(255),
    method VARCHAR(256) NOT NULL,
    target_kind VARCHAR(255),
    target TEXT,
    decision VARCHAR(255) NOT NULL,
    reason VARCHAR(255),
    outcome VARCHAR(255) NOT NULL,
    code BIGINT,
    duration_us BIGINT NOT NULL,
    INDEX `idx-activity-user_id` (user_id, id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
