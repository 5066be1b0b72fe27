//! Every limit of the domain, each with the reason for its number.

use std::time::Duration;

/// Levels of nesting in any JSON that we read. Real events have fewer than 8; readers recurse once per level.
pub const JSON_DEPTH: usize = 32;
/// Bytes that a secret has at least to be told from any other text: a shorter one is not looked for, nor is a run with it recorded.
pub const SECRET_BYTES: usize = 8;
/// Bytes of a redirect URL, with everything that the host appends. Common proxies and servers take 8 KiB lines;
/// 2 KiB leaves room for what the prompt site appends in turn.
pub const REDIRECT_URL_BYTES: usize = 2048;
/// Bytes of a result token. A larger one would not fit the reply that a browser carries in a URL.
pub const RESULT_TOKEN_BYTES: usize = 4096;
/// Bytes of the sealed reply, encoded: it travels in the query of the IdP's return URL.
pub const SEALED_REPLY_BYTES: usize = 6 * 1024;
/// Bytes of all login metadata, and of all session metadata: Auth0's limit, so that actions move over unchanged.
pub const METADATA_BYTES: usize = 16 * 1024;
/// Levels of nesting in metadata.
pub const METADATA_DEPTH: usize = 8;
/// Entries of metadata.
pub const METADATA_KEYS: usize = 64;
/// Bytes of all claims of one login: tokens travel in headers, and common servers take 8 KiB of them.
pub const CLAIMS_BYTES: usize = 4096;
/// Bytes that an action may put aside with its redirect: a PKCE verifier and a nonce need 200.
pub const STASH_BYTES: usize = 4096;
/// Bytes of a factor's evidence: an audit note, not a document.
pub const EVIDENCE_BYTES: usize = 2048;
/// Suspensions in one login: more is a redirect loop.
pub const SUSPENSIONS: u32 = 5;
/// Timed-out attempts at one step: past these the step is consumed, so that a slow reply cannot be retried for ever.
pub const TIMED_OUT_ATTEMPTS: u32 = 3;
/// Open (suspended) logins of one user; the oldest is evicted. People have a few tabs and devices.
pub const OPEN_LOGINS: usize = 5;
/// Suspended logins of a tenant: with three kilobytes each they take 750 MB; an hour of seventy prompts a second that nobody answers.
pub const TENANT_OPEN_LOGINS: usize = 250_000;
/// Bytes that a tenant may take of the disk, half of them for its uploads with their code, half for its records: eight million sessions and records
/// of 2 KB, or a day of 250 light logins a second of 700 bytes.
pub const TENANT_DISK: u64 = 32 << 30;
/// Records of one user's logins that were suspended or changed something, as long as they are kept: one every 43 seconds for a day.
pub const USER_RECORDS: usize = 2000;
/// Actions in a pipeline: Auth0's limit.
pub const ACTIONS: usize = 20;
/// Records of one factor kept in a session: the newest counts, the others are history for the audit.
pub const FACTOR_RECORDS: usize = 16;
/// Factors that one login may record, over all its actions: a record must stay small enough to be stored.
pub const FACTORS_OF_A_LOGIN: usize = 64;
/// Conditions of an action, alternatives counted: a rule that a person can still read.
pub const CONDITIONS: usize = 16;
/// Values that one condition compares with: lists of clients and countries fit.
pub const CONDITION_VALUES: usize = 256;
/// The coarseness of a record's last use, as a part of its `max_idle`: finer would write at every login, and a prompt that
/// comes a tenth early harms nobody.
pub const IDLE_GRAIN: u32 = 10;
/// How long a bypass may be valid: a help desk's call ends the same day.
pub const BYPASS_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Bypasses of one user that are kept at a time, used ones until they expire: more is a habit, not an exception.
pub const BYPASSES: usize = 8;
/// Bytes of a bypass's reason: a ticket's number and a sentence.
pub const REASON_BYTES: usize = 256;
/// How far in the future a factor's record may be dated, for hosts whose clocks differ.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// How long after a start that followed a crash a login that is not known may be one that the crash forgot. A client that keeps
/// asking doubles its pauses from a second on, and gives up after half a minute; this is twice as long.
pub const AFTER_CRASH: Duration = Duration::from_secs(60);
/// How long a state is accepted.
pub const STATE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long a login may take, over all its suspensions.
pub const LOGIN_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long a login record is kept, for replays of its answer and for the audit.
pub const RECORD_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How old a factor's record may be at most, whatever its policy: longer than a year, so that a yearly prompt can be had. A revocation
/// that is older covers no record that could count.
pub const FACTOR_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How long a session is kept after its last login.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Lifetime of a request or result token at most (`exp` - `iat`).
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Fuel of one run: 2 to 4 ms of a tight loop, about 2,000 times what the Rust plugins use.
pub const FUEL: u64 = 50_000_000;
/// Wall clock of one run. Expiry means load, not a decision.
pub const WALL_CLOCK: Duration = Duration::from_secs(2);
/// Bytes of all linear memories of a run.
pub const MEMORY_BYTES: u64 = 16 << 20;
/// Bytes that one run may hand to the host in arguments.
pub const HOST_CALL_BYTES: usize = 1 << 20;
/// Core instances within one component.
pub const INSTANCES: usize = 20;
/// Linear memories of one component. Toolchains make one, adapters a second.
pub const MEMORIES: usize = 4;
/// Handles of a run. The contract has no resources, so only a guest's own can count.
pub const HANDLES: usize = 64;
/// Tables of a run.
pub const TABLES: usize = 8;
/// Elements of all tables of a run.
pub const TABLE_ELEMENTS: usize = 20_000;
/// Bytes of a closed-WASI component file: Python's interpreter with its library has 18 MB, SpiderMonkey 12 MB.
pub const CLOSED_WASI_COMPONENT_BYTES: usize = 32 << 20;
/// Bytes of all linear memories of a closed-WASI run: Python begins with 12 MiB, and what a plugin imports comes on top.
pub const CLOSED_WASI_MEMORY_BYTES: u64 = 32 << 20;
/// Core instances within one closed-WASI component: those of Python and QuickJS have 8 to 14 and, with what the engine adds for
/// calls between them, up to 38. Tables and memories are no more than without WASI.
pub const CLOSED_WASI_INSTANCES: usize = 64;
/// Handles of a closed-WASI run: streams, timers, tasks. A timer of a guest's language holds one.
pub const CLOSED_WASI_HANDLES: usize = 512;
/// Lines of log that a run keeps.
pub const LOG_LINES: usize = 100;
/// Bytes of log that a run keeps.
pub const LOG_BYTES: usize = 64 * 1024;
/// Lines of a run's log that the login record keeps: the last ones, which say how it ended. The whole log is the host's.
pub const TRACE_LOG_LINES: usize = 4;
/// Bytes of such a line: 20 runs of 4 lines stay below 16 KiB.
pub const TRACE_LOG_BYTES: usize = 200;
/// Random bytes that a run may take.
pub const RANDOM_BYTES: usize = 64 * 1024;
/// Bytes of a zero-WASI component file.
pub const COMPONENT_BYTES: usize = 8 << 20;
/// Bytes of a component's manifest, of which its settings' schema is most. The server reads it itself, for every plugin that
/// is configured or was uploaded; those of this repository have some 5 KB at most.
pub const MANIFEST_BYTES: usize = 64 * 1024;
/// Regular expressions in the schema of an action's settings: each is compiled by the server.
pub const SCHEMA_PATTERNS: usize = 64;
/// Bytes that one of them may take once compiled.
pub const SCHEMA_PATTERN_BYTES: usize = 256 * 1024;
/// Requests of one run: a token exchange with discovery and user information needs four.
pub const HTTP_CALLS: usize = 8;
/// Time of one request in all, from the name to the last byte: a browser waits.
pub const HTTP_TIMEOUT: Duration = Duration::from_secs(2);
/// What is left of a run's wall clock when a request is given up, so that the plugin can still decide.
pub const HTTP_MARGIN: Duration = Duration::from_millis(100);
/// Bytes of content, of a request and of a response: key sets and user records have a few KiB.
pub const HTTP_BODY_BYTES: usize = 256 * 1024;
/// Header fields of a request or response: what common servers take.
pub const HTTP_HEADERS: usize = 64;
/// Bytes of all header fields of a request or response: twice the 8 KiB that common servers take.
pub const HTTP_HEADER_BYTES: usize = 16 * 1024;
/// Bytes of a request's URL: what common servers take.
pub const HTTP_URL_BYTES: usize = 8 * 1024;
/// Bytes of a token that an action verifies or signs with a key of its own: ID tokens with many groups have some 10 KiB.
pub const OWN_TOKEN_BYTES: usize = 16 * 1024;
/// Bytes of an action's cache, keys and values: a note, not a database.
pub const CACHE_BYTES: usize = 8 * 1024;
/// Keys of an action's cache.
pub const CACHE_KEYS: usize = 64;
/// How long a cached value lives at most.
pub const CACHE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
