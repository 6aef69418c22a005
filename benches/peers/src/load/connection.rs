use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use mio::{Interest, Registry, Token, net::TcpStream};

use super::response::{Part, Responses};

/// One HTTP/1.1 connection with pipelined requests.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    responses: Responses,
    out: Vec<u8>,
    written: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        // On the loopback this takes some microseconds, independent of the server.
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            responses: Responses::default(),
            out: Vec::new(),
            written: 0,
        })
    }

    /// The buffer for requests. `flush` sends them.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Ok(len) => self.written += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    /// Reads the bytes that have arrived.
    ///
    /// # Errors
    ///
    /// The server closed the connection, or wrote invalid HTTP.
    pub(crate) fn read(
        &mut self,
        scratch: &mut [u8],
        mut on: impl FnMut(Part<'_>),
    ) -> io::Result<()> {
        loop {
            match self.socket.read(scratch) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => {
                    self.responses.feed(&scratch[..len], &mut on)?;
                    // A short read: the socket is empty, and epoll reports the next bytes.
                    if len < scratch.len() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
