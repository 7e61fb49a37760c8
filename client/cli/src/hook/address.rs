//! Where a webhook goes: `https` with authorities that were named, or `http` on this machine.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Scheme;
use maille_link::Authorities;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::sentence::fault;

/// How long one address may take to answer: behind one that is silent the next is tried, within
/// the time of one message.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where a webhook goes.
#[derive(Debug, Clone)]
pub(super) struct Address {
    host: String,
    port: u16,
    /// Host and port as they were written.
    authority: String,
    path: String,
    secured: bool,
}

/// A stream of bytes to a server, secured or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Address {
    /// Reads `https://HOST[:PORT]/PATH`, or the same with `http` for this machine.
    pub(super) fn parse(url: &str) -> Result<Self, Box<dyn Display>> {
        let uri: Uri = url.parse().map_err(|_| refused(fault::WebhookUrl))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refused(fault::WebhookUrl));
        };
        // A name and password in an address end up in logs.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refused(fault::WebhookUrl));
        }
        let secured = *scheme == Scheme::HTTPS;
        if !secured && *scheme != Scheme::HTTP {
            return Err(refused(fault::WebhookUrl));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let address = Self {
            port: authority
                .port_u16()
                .unwrap_or(if secured { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: path.to_owned(),
            host,
            secured,
        };
        if !secured && !address.is_here() {
            return Err(refused(fault::WebhookPlain));
        }
        Ok(address)
    }

    /// Whether the server has to prove itself.
    pub(super) const fn is_secured(&self) -> bool {
        self.secured
    }

    /// Host and port, for the request.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query, for the request.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Connects; `authorities` judge a server that is not on this machine.
    pub(super) async fn connect(
        &self,
        authorities: Option<&Authorities>,
    ) -> io::Result<Box<dyn Stream>> {
        let stream = self.reach().await?;
        match (self.secured, authorities) {
            (false, _) => Ok(Box::new(stream)),
            (true, Some(authorities)) => {
                Ok(Box::new(authorities.connect(&self.host, stream).await?))
            }
            (true, None) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// The first of its addresses that answers. A name may mean another machine any time, so what
    /// goes in the clear is looked at once more.
    async fn reach(&self) -> io::Result<TcpStream> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        let may = |address: &SocketAddr| self.secured || address.ip().is_loopback();
        let mut last = io::ErrorKind::AddrNotAvailable.into();
        for address in found.filter(may) {
            let connected = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
            match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether it is on this machine.
    fn is_here(&self) -> bool {
        let address: Result<IpAddr, _> = self.host.parse();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl Display for Address {
    /// Without what stands behind the path: some put secrets there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secured { "https" } else { "http" };
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

fn refused(why: impl Display + 'static) -> Box<dyn Display> {
    Box::new(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_secured_or_on_this_machine() {
        let good = |url: &str| {
            let address = Address::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"));
            (address.to_string(), address.host, address.port)
        };
        let cases = good("https://cases.example.org/maille?key=1");
        assert_eq!(cases.0, "https://cases.example.org/maille");
        assert_eq!((cases.1.as_str(), cases.2), ("cases.example.org", 443));
        assert_eq!(good("https://[2001:db8::1]:8443").1, "2001:db8::1");
        for here in [
            "http://127.0.0.1:8080/",
            "http://localhost/",
            "http://[::1]:1/a",
        ] {
            good(here);
        }
        for url in [
            "http://cases.example.org/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.org/",
            "ftp://127.0.0.1/",
            "https://user:word@cases.example.org/",
            "cases.example.org",
            "/maille",
            "",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
