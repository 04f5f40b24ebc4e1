//! How connections to other brokers are made. Holds the trait and plain TCP; TLS and the address policy come with the
//! implementation that is handed in.

use futures_util::future::BoxFuture;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connected stream.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Makes connections. The place for the address policy (which hosts may be called) and for TLS.
pub trait Dial: Send + Sync + 'static {
    /// Connects to a host and port, with TLS or without.
    fn dial<'a>(&'a self, host: &'a str, port: u16, tls: bool) -> BoxFuture<'a, io::Result<Box<dyn Stream>>>;
}

/// Plain TCP to any address; refuses TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial<'a>(&'a self, host: &'a str, port: u16, tls: bool) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            if tls {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "this connector has no TLS"));
            }
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}
