//! Options of accepted connections.

use std::{io, time::Duration};

use axum_server::accept::Accept;
use tokio::net::TcpStream;

/// How long sent bytes may stay unacknowledged. A client machine that vanished acknowledges nothing: without
/// this, its session lives for about 15 minutes.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Sets the options, then lets `A` accept the connection.
#[derive(Clone)]
pub(super) struct WithOptions<A>(pub(super) A);

impl<A, S> Accept<TcpStream, S> for WithOptions<A>
where
    A: Accept<TcpStream, S>,
{
    type Stream = A::Stream;
    type Service = A::Service;
    type Future = A::Future;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // A connection without these options works, too.
        let _ = set(&stream);
        self.0.accept(stream, service)
    }
}

fn set(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "fuchsia",
        target_os = "cygwin"
    ))]
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    // Other systems have no such option for one connection. They probe a silent one.
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "fuchsia",
        target_os = "cygwin"
    )))]
    socket2::SockRef::from(stream)
        .set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(UNACKNOWLEDGED))?;
    Ok(())
}
