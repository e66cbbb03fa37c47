//! A database of its own for each test, copied from one that has been migrated once.
//!
//! All tests of a process share one private server, in memory where there is room for it. It ends
//! with the process; its folder stays and makes the next run start faster. With
//! `TEST_DATABASE_URL` set, that server is used instead: its user must be allowed to create
//! databases, and several processes may share it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gangway::embedded::{Durability, Embedded, Error, Settings};
use sha2::{Digest as _, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgPool};
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

/// One table that says nothing of the product.
pub(crate) static TRIAL: Migrator = sqlx::migrate!("tests/data/trial_migrations");

/// A migrated database that nobody else uses. Dropped with this value.
pub(crate) struct TestDb {
    url: Url,
}

impl TestDb {
    /// With the migrations of the product.
    pub(crate) async fn fresh() -> Self {
        Self::fresh_with(&gangway::store::MIGRATOR).await
    }

    pub(crate) async fn fresh_with(migrator: &'static Migrator) -> Self {
        let server = server().await;
        let mut admin = connect(&server.url).await;
        let template = template(server, &mut admin, migrator).await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        let strategy = copy_strategy(&mut admin).await;
        run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}")).await;
        admin.close().await.unwrap();
        Self { url: server.database(&name) }
    }

    /// Another one like it, as it stands at this moment. Whoever is connected to this one is cut off.
    pub(crate) async fn copy(&self) -> Self {
        let server = server().await;
        let mut admin = connect(&server.url).await;
        let source = self.url.path().trim_start_matches('/');
        let name = format!("test_{}", Uuid::new_v4().simple());
        let strategy = copy_strategy(&mut admin).await;
        let copy = format!("CREATE DATABASE {name} TEMPLATE {source} {strategy}");
        for _ in 0..100 {
            let cut_off =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            sqlx::query(cut_off).bind(source).execute(&mut admin).await.unwrap();
            // Somebody may have come back already.
            if sqlx::query(AssertSqlSafe(copy.clone())).execute(&mut admin).await.is_ok() {
                admin.close().await.unwrap();
                return Self { url: server.database(&name) };
            }
        }
        panic!("{source} is never left alone");
    }

    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        self.url.as_str().parse().unwrap()
    }

    pub(crate) async fn pool(&self) -> PgPool {
        self.pool_of(10).await
    }

    pub(crate) async fn pool_of(&self, most: u32) -> PgPool {
        PgPoolOptions::new().max_connections(most).connect_with(self.options()).await.unwrap()
    }
}

impl Drop for TestDb {
    /// In a runtime of its own, because the test's may be on its way out.
    fn drop(&mut self) {
        let name = self.url.path().trim_start_matches('/').to_owned();
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
                async {
                    let mut admin = connect(&server().await.url).await;
                    run(&mut admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
                },
            );
        });
        if dropping.join().is_err() {
            eprintln!("the database {} is left behind", self.url.path());
        }
    }
}

struct Server {
    url: Url,
    /// Held, not used: the server ends with it. A static is never dropped, but its pipe closes
    /// when the process ends, in whatever way.
    _private: Option<Embedded>,
}

impl Server {
    fn database(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(name);
        url
    }
}

async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            if let Ok(given) = std::env::var("TEST_DATABASE_URL") {
                return Server { url: given.parse().unwrap(), _private: None };
            }
            let private = start_private().await;
            let url: Url = private.url().parse().unwrap();
            remove_leftovers(&url).await;
            Server { url, _private: Some(private) }
        })
        .await
}

/// Each checkout and each user has its folders; two runs at once take two of them.
async fn start_private() -> Embedded {
    let checkout = short_hash([env!("CARGO_MANIFEST_DIR").as_bytes()]);
    let user = rustix::process::geteuid();
    for number in 0..32 {
        let name = format!("gangway-test-{user}-{checkout}-{number}");
        let settings =
            Settings { data_dir: scratch_folder().join(name), durability: Durability::Fast };
        match Embedded::start(settings).await {
            Ok(embedded) => return embedded,
            Err(Error::InUse { .. }) => {}
            Err(error) => panic!("no private server for the tests: {error}"),
        }
    }
    panic!("32 test runs at once; is something left running?");
}

/// Memory where there is room for it, else the target folder.
pub(crate) fn scratch_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let has_room = rustix::fs::statvfs(memory)
        .is_ok_and(|room| room.f_bavail * room.f_frsize >= 1024 * 1024 * 1024);
    if has_room { memory.to_owned() } else { env!("CARGO_TARGET_TMPDIR").into() }
}

/// The folder is ours alone, so every test's database in it is from a run that was killed, and a
/// crowd of templates is from migrations that have changed since.
async fn remove_leftovers(url: &Url) {
    let mut admin = connect(url).await;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT datname FROM pg_database
         WHERE datname LIKE 'test\\_%'
            OR datname LIKE 'template\\_%'
               AND (SELECT count(*) > 4 FROM pg_database WHERE datname LIKE 'template\\_%')",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    for name in names {
        run(&mut admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    admin.close().await.unwrap();
}

/// The migrated database to copy. Made once for these very migrations, whole or not at all, by
/// whoever comes first.
async fn template(server: &Server, admin: &mut PgConnection, migrator: &Migrator) -> String {
    const TEMPLATES: i64 = 0x6761_6e67_7761_7921;

    let hash = short_hash(migrator.iter().map(|migration| &*migration.checksum));
    let name = format!("template_{hash}");
    if exists(admin, &name).await {
        return name;
    }
    let mut turn = connect(&server.url).await;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATES).execute(&mut turn).await.unwrap();
    if !exists(admin, &name).await {
        let unfinished = format!("unfinished_{hash}");
        run(admin, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        run(admin, format!("CREATE DATABASE {unfinished}")).await;
        let mut inside = connect(&server.database(&unfinished)).await;
        migrator.run(&mut inside).await.unwrap();
        inside.close().await.unwrap();
        run(admin, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    // The lock goes with its session.
    turn.close().await.unwrap();
    name
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(admin)
        .await
        .unwrap()
}

/// Copying files is many times faster than the default, which writes the copy to the log; servers
/// before 15 know no other way and no word for it.
async fn copy_strategy(admin: &mut PgConnection) -> &'static str {
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(admin)
        .await
        .unwrap();
    if version >= 150_000 { "STRATEGY FILE_COPY" } else { "" }
}

async fn connect(url: &Url) -> PgConnection {
    PgConnection::connect(url.as_str()).await.unwrap()
}

/// Runs a statement made of names that are all our own.
async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().iter().take(6).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[tokio::test]
async fn two_tests_do_not_see_each_other() {
    let (one, other) = tokio::join!(TestDb::fresh_with(&TRIAL), TestDb::fresh_with(&TRIAL));
    let (one_pool, other_pool) = (one.pool().await, other.pool().await);
    sqlx::query("INSERT INTO trial VALUES (1, 'here')").execute(&one_pool).await.unwrap();
    let count = |pool| sqlx::query_scalar("SELECT count(*) FROM trial").fetch_one(pool);
    let here: i64 = count(&one_pool).await.unwrap();
    let there: i64 = count(&other_pool).await.unwrap();
    assert_eq!((here, there), (1, 0));
}

#[tokio::test]
async fn a_test_leaves_no_database_behind() {
    let db = TestDb::fresh().await;
    let name = db.url.path()[1..].to_owned();
    let _still_connected = PgConnection::connect(&db.url()).await.unwrap();
    drop(db);
    let mut admin = connect(&server().await.url).await;
    assert!(!exists(&mut admin, &name).await);
}
