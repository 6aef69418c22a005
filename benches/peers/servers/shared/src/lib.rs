//! Shared code of the Rust servers: the runtime, the listener, and the answer to a call for the servers that
//! use no JSON library.

use std::io::{self, Write};

use memchr::memmem;
use tokio::net::{TcpListener, TcpStream};

/// Runs a server on one thread, on a free port of the loopback, and prints the port. Python and Node have one
/// thread, too, and the CPU time then includes no work stealing between threads.
pub fn run<F: Future<Output = io::Result<()>>>(serve: impl FnOnce(TcpListener) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let served = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        io::stdout().flush()?;
        serve(listener).await
    });
    served.expect("to serve");
}

/// Passes each new connection to `connected`, with `TCP_NODELAY` set.
///
/// # Errors
///
/// The listener failed.
pub async fn accept(listener: TcpListener, connected: impl Fn(TcpStream)) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connected(stream);
    }
}

/// Appends the answer to a `tools/call` of the load generator to `out`, with the text of the call. It has no
/// parser: it depends on the exact form of the generator's calls. `None` for any other message.
pub fn answer(call: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let id = after(call, br#""id":"#)?;
    let id = &id[..memchr::memchr(b',', id)?];
    let text = after(call, br#""arguments":{"text":"#)?.strip_suffix(b"}}}")?;
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id);
    out.extend_from_slice(br#","result":{"content":[{"type":"text","text":"#);
    out.extend_from_slice(text);
    out.extend_from_slice(b"}]}}");
    Some(())
}

/// The maximum number of bytes by which an answer is longer than its call.
pub const ANSWER_OVERHEAD: usize = 16;

fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(text, key)?;
    Some(&text[at + key.len()..])
}
