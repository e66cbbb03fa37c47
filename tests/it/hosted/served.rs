//! The house with all its doors on a port of its own, for browsers that are real: its worker runs by
//! itself, its clock stands still until a test moves it.

use std::time::Duration;

use gangway::app::App;
use gangway::ids::OnboardingId;
use gangway::sandbox::Catalogue;
use gangway::secret::ExposeSecret as _;
use gangway::web::AppState;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Site;
use crate::browser_states::Service;
use crate::house::House;

/// How often its worker looks unasked.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Served {
    pub(crate) site: Site,
    pub(crate) service: Service,
    _tasks: JoinSet<()>,
}

impl Served {
    pub(crate) async fn open() -> Self {
        Self::open_in(Catalogue::built_in()).await
    }

    /// With another world at Cyclr.
    pub(crate) async fn open_in(catalogue: Catalogue) -> Self {
        Self::open_as(catalogue, |state| state).await
    }

    /// With doors that are set up otherwise.
    pub(crate) async fn open_as(
        catalogue: Catalogue,
        set_up: impl FnOnce(AppState) -> AppState,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let public_url = Url::parse(&base).unwrap();
        let mut house = House::open_at(catalogue, public_url.clone()).await;
        let (engine, worker) = house.another_process(POLL);
        // The one that is driven by hand is never driven.
        house.engine = engine;
        let (_, key) = house.store.create_api_key("browser").await.unwrap();
        let mut site = Site::of(house, public_url).await;
        site.state = set_up(site.state);
        let (state, router) = (site.state.clone(), App::router(&site.state));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        tasks.spawn(worker.run(CancellationToken::new(), Duration::from_secs(1)));
        tasks.spawn(tell(state));
        let service = Service { base, key: key.expose_secret().to_owned() };
        Self { site, service, _tasks: tasks }
    }

    /// Starts one and gives it with its link.
    pub(crate) async fn start(&self, tenant: &str, blueprint: Value) -> (OnboardingId, String) {
        let key = self.site.house.publish(blueprint).await;
        let id = self.site.house.start(tenant, &key).await;
        (id, format!("{}{}", self.service.base, self.site.link(id).await))
    }
}

async fn tell(state: AppState) {
    state.watch().run(&state.engine, &CancellationToken::new()).await;
}
