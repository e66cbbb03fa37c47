//! The sandbox as a program of its own: its flags, its files, its listeners.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::{Catalogue, Error, Hosts, Sandbox, Settings, Variants, parse_faults, serve_hosts};

/// Flags of `gangway sandbox`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the API, of the control surface, and of all pages unless `--service-domain` is given.
    #[arg(long, default_value = "127.0.0.1:4002")]
    pub listen: SocketAddr,
    /// An address of its own for what people's browsers open.
    #[arg(long)]
    pub service_domain: Option<SocketAddr>,
    /// A world to serve instead of the built-in one, in JSON or TOML.
    #[arg(long)]
    pub catalogue: Option<PathBuf>,
    /// Keep the world in this file, so that it survives a restart.
    #[arg(long)]
    pub keep: Option<PathBuf>,
    /// Address under which browsers reach the pages, where a proxy stands before them.
    #[arg(long)]
    pub service_domain_url: Option<Url>,
    /// Where a link on the page for failed sign-ins leads, such as Gangway's /return/declined.
    #[arg(long)]
    pub error_link: Option<Url>,
    /// Faults that are in force from the beginning, in JSON or TOML.
    #[arg(long)]
    pub faults: Option<PathBuf>,
    /// What to answer where Cyclr's answer is unknown, in JSON or TOML.
    #[arg(long)]
    pub variants: Option<PathBuf>,
    /// Certificate chain in PEM, to speak HTTPS.
    #[arg(long, requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}

/// A sandbox that listens already, so that its addresses can be told.
pub struct Opened {
    sandbox: Sandbox,
    hosts: Hosts,
}

impl Options {
    /// Reads the files and takes the addresses; whatever is wrong is told here.
    pub async fn open(self) -> Result<Opened, Error> {
        let catalogue = match &self.catalogue {
            Some(file) => Catalogue::parse(&read(file)?)?,
            None => Catalogue::built_in(),
        };
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(acceptor(certificate, key)?),
            (Some(_) | None, Some(_) | None) => None,
        };
        let faults = match &self.faults {
            Some(file) => parse_faults(&read(file)?)?,
            None => Vec::new(),
        };
        let variants = match &self.variants {
            Some(file) => Variants::parse(&read(file)?)?,
            None => Variants::default(),
        };
        let sandbox = Sandbox::open(Settings {
            catalogue,
            faults,
            variants,
            kept_in: self.keep,
            service_domain: self.service_domain_url,
            error_link: self.error_link,
            ..Settings::default()
        })?;
        let api = listen(self.listen).await?;
        let service_domain = match self.service_domain {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        Ok(Opened { sandbox, hosts: Hosts { api, service_domain, tls } })
    }
}

impl Opened {
    /// One line for each address.
    pub fn addresses(&self) -> std::io::Result<Vec<String>> {
        let scheme = if self.hosts.tls.is_some() { "https" } else { "http" };
        let api = self.hosts.api.local_addr()?;
        let mut lines = vec![format!("The pretend Cyclr is at {scheme}://{api}/.")];
        if let Some(listener) = &self.hosts.service_domain {
            let address = listener.local_addr()?;
            lines.push(format!("Its service domain is at {scheme}://{address}/."));
        }
        Ok(lines)
    }

    /// Serves until `stop` is done.
    pub async fn serve(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        serve_hosts(self.sandbox, self.hosts, stop).await
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

fn read(file: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
    std::fs::read_to_string(file).map_err(unreadable)
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let wrong = |file: &Path, why: String| Error::Tls { file: file.to_owned(), why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificate, error.to_string()))?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| wrong(certificate, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
