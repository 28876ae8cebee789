//! A replica in this process, whose `auth.revoke` can be called.

use std::{io, net::TcpListener, sync::mpsc, thread, time::Duration};

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, Principal, revocation::RevocationSettings};
use actix_web::{App, HttpServer, dev::ServerHandle, web};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    proxy::Proxy,
    replica::Common,
    servers::{Failed, Server},
};

/// How long it may take until it answers.
const START: Duration = Duration::from_secs(10);

/// The middleware over a log, in this process.
pub(crate) struct Here {
    pub(crate) auth: McpAuth,
    pub(crate) client: Client,
    server: ServerHandle,
}

impl Here {
    /// Starts it, and returns when a token is accepted.
    pub(crate) async fn start(
        common: &Common,
        server: &Server,
        proxy: &Proxy,
        token: &str,
    ) -> Result<Self, Failed> {
        let settings = RevocationSettings::default();
        let revocations = server.follow(proxy.address, settings).await?;
        let auth = McpAuth::builder(format!("{}/mcp/bookmarket", common.public_url))
            .issuer(Issuer::authkit(&common.issuer)?)
            .revocations(&revocations)
            .build()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let server = serve(listener, auth.clone())?;
        let mut here = Self { auth, client: Client::new(address, &common.host), server };
        let until = Instant::now() + START;
        loop {
            match here.client.call(token).await {
                Ok(200) => return Ok(here),
                answer if Instant::now() > until => {
                    return Err(format!("the replica in this process answers {answer:?}").into());
                }
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

/// Serves on a thread of its own, since the web framework has a runtime of its own.
fn serve(listener: TcpListener, auth: McpAuth) -> io::Result<ServerHandle> {
    let (started, handle) = mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || {
                let resource = web::resource("/mcp/bookmarket").route(web::post().to(answer));
                App::new().service(resource.wrap(auth.middleware()))
            };
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
            let server = server.map(HttpServer::run);
            let _ = started
                .send(server.as_ref().map(|server| server.handle()).map_err(|error| error.kind()));
            if let Ok(server) = server {
                let _ = server.await;
            }
        });
    });
    match handle.recv() {
        Ok(handle) => handle.map_err(io::Error::from),
        Err(_) => Err(io::Error::other("the thread ended")),
    }
}

async fn answer(_: AuthedUser<Principal>) -> &'static str {
    "ok"
}
