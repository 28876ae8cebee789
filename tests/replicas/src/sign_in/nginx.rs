//! nginx before the replicas.

use std::{fs, net::SocketAddr, path::Path, process::Stdio};

use tokio::process::{Child, Command};

use crate::servers::{Failed, wait_until_open};

const SITE: &str = include_str!("nginx.conf");

/// A private nginx. It is killed when this is dropped.
pub(super) struct Nginx {
    pub(super) address: SocketAddr,
    _child: Child,
}

impl Nginx {
    /// Starts it with its files in `folder`, at `address`, before these replicas.
    pub(super) async fn start(
        folder: &Path,
        address: SocketAddr,
        replicas: [SocketAddr; 2],
    ) -> Result<Self, Failed> {
        fs::create_dir(folder)?;
        let mut site = SITE.to_owned();
        let real = [address, replicas[0], replicas[1]];
        for (shown, real) in ["127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8082"].iter().zip(real)
        {
            site = site.replace(shown, &real.to_string());
        }
        let here = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {here}/{name};\n"))
            .concat();
        let file = folder.join("nginx.conf");
        let text = format!(
            "daemon off;\nmaster_process off;\npid {here}/pid;\nerror_log {here}/error.log;\n\
             events {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n"
        );
        fs::write(&file, text)?;
        let output = fs::File::create(folder.join("output"))?;
        let mut child = Command::new("nginx")
            .arg("-p")
            .arg(folder)
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        wait_until_open(address, &mut child).await?;
        Ok(Self { address, _child: child })
    }
}
