//! What the Rust servers have in common: the runtime, the listener, and the answer to a call where no
//! JSON library writes it.

use std::io::{self, Write};

use memchr::memmem;
use tokio::net::{TcpListener, TcpStream};

/// Runs a server on a free port of the loopback, which it prints, on one thread: that is what Python
/// and Node have, and CPU time then holds no search for work among threads.
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

/// Hands each new connection to `connected`, without a delay on small writes.
///
/// # Errors
///
/// No connection can be accepted any more.
pub async fn accept(listener: TcpListener, connected: impl Fn(TcpStream)) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        connected(stream);
    }
}

/// The answer to a `tools/call` of the load generator's, with the text that the call brings, appended to
/// `out`. No parser: it relies on how the generator writes its calls. `None` if it is none of those.
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

/// How many bytes an answer has at the most beyond those of its call.
pub const ANSWER_OVERHEAD: usize = 16;

fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(text, key)?;
    Some(&text[at + key.len()..])
}
