//! [`WorkOs`].

use std::{
    fmt, io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use futures_util::future::select;
use mcp_auth_core::{AuthHandle, ConfigError, Secret};
use tokio::sync::watch;

use crate::{
    agents::WorkOsAgents,
    api::{Api, ApiError},
    check::{self, SetupCheck},
    effect::Effects,
    log,
    poller::Poller,
    settings::WorkOsSettings,
    webhooks::Webhooks,
};

/// What happens in WorkOS takes effect in an application. Cloning is cheap, and clones are the same.
///
/// With an API key, events are read on a thread that ends with the last clone, and the set-up is
/// checked once: each finding is a line in the log.
///
/// ```no_run
/// use actix_mcp_auth::{McpAuth, workos::{WorkOs, WorkOsSettings}};
/// use actix_web::App;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = McpAuth::from_env()?.build()?;
/// let settings = WorkOsSettings::authkit("your-subdomain.authkit.app")?.api_key("sk_test_a1B2c3");
/// let workos = WorkOs::new(settings, auth.handle())?;
/// let webhooks = workos.webhooks(["the endpoint's secret"])?;
/// App::new().service(webhooks.at("/webhooks/workos"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WorkOs(Arc<Inner>);

struct Inner {
    effects: Effects,
    handle: AuthHandle,
    api: Option<Api>,
    /// Dropped to end the thread.
    alive: Mutex<Option<watch::Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WorkOs {
    /// Starts to read events, where the settings have an API key.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn new(settings: WorkOsSettings, handle: AuthHandle) -> io::Result<Self> {
        let api = settings
            .api_key
            .clone()
            .map(|key| Api::new(handle.http().clone(), &settings.api_url, key));
        let hook = settings.hook.clone();
        let revocations = handle.revocations().clone();
        let effects = Effects { settings: Arc::new(settings), revocations, hook };
        let (alive, dropped) = watch::channel(());
        let thread = match &api {
            Some(api) => Some(start(api.clone(), effects.clone(), handle.clone(), dropped)?),
            None => {
                log::no_api_key();
                None
            }
        };
        let (alive, thread) = (Mutex::new(Some(alive)), Mutex::new(thread));
        Ok(Self(Arc::new(Inner { effects, handle, api, alive, thread })))
    }

    /// The service that receives webhooks. Several secrets are accepted at once, so that they can be
    /// rotated.
    ///
    /// # Errors
    /// Where there is no secret, or an empty one.
    pub fn webhooks<S: AsRef<str>>(
        &self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Webhooks, ConfigError> {
        let secrets = secrets.into_iter().map(|secret| Secret::new(secret.as_ref())).collect();
        Webhooks::new(self.0.effects.clone(), secrets)
    }

    /// Checks the set-up in WorkOS for the resource: its indicator, the webhook endpoints, what the
    /// metadata announces, and the keys. It takes a few requests.
    pub async fn check(&self) -> SetupCheck {
        let Inner { effects, handle, api, .. } = &*self.0;
        check_setup(effects, handle, api.as_ref()).await
    }

    /// The agents that people have authorized in WorkOS: for a page on which a person sees and
    /// disconnects them. It works as long as the application's `McpAuth` exists.
    ///
    /// # Errors
    /// Where the settings have no API key.
    pub fn agents(&self) -> Result<WorkOsAgents, ConfigError> {
        let Inner { effects, handle, api, .. } = &*self.0;
        let missing = || {
            let expected = "must be the environment's API key, to list and end its consents";
            ConfigError::missing("WORKOS_API_KEY", expected, "sk_test_a1B2c3")
        };
        let api = api.clone().ok_or_else(missing)?;
        Ok(WorkOsAgents::new(api, effects.settings.clone(), handle.clone()))
    }

    /// Registers the resource's indicator in WorkOS.
    ///
    /// # Errors
    /// Where there is no API key, or WorkOS refuses.
    pub async fn register_resource(&self) -> Result<(), ApiError> {
        let api = self.0.api.as_ref().ok_or(ApiError::KeyRefused)?;
        check::register(api, self.0.handle.authenticator().policy().resource.as_str()).await
    }
}

async fn check_setup(effects: &Effects, handle: &AuthHandle, api: Option<&Api>) -> SetupCheck {
    let resource = handle.authenticator().policy().resource.as_str();
    check::check(&**handle.http(), api, &effects.settings.authkit, resource).await
}

fn start(
    api: Api,
    effects: Effects,
    handle: AuthHandle,
    mut dropped: watch::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    thread::Builder::new().name("mcp-auth-workos".into()).spawn(move || {
        let work = async {
            let poller = Poller { api: api.clone(), effects: effects.clone(), holder: holder() };
            let report = async {
                let check = check_setup(&effects, &handle, Some(&api)).await;
                check.findings.iter().for_each(log::finding);
            };
            tokio::join!(poller.run(), report);
        };
        runtime.block_on(async {
            select(pin!(work), pin!(dropped.changed())).await;
        });
    })
}

/// A name for this process that no other has.
fn holder() -> String {
    let mut bytes = [0; 16];
    // Without randomness two processes may both read, which is harmless.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.alive.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for WorkOs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkOs").field(&self.0.effects.settings).finish()
    }
}
