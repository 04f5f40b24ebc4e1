//! One non-blocking connection with its buffers. Holds no clock and does not know what is asked.

use super::Answer;
use super::message::{self, Message};
use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

/// Largest answer that is taken.
const MOST: usize = 256 << 20;

/// What a look at the socket gave.
pub enum Received {
    /// A complete message.
    Message(Message),
    /// Not yet.
    Nothing,
}

/// A connection to a server.
pub struct Connection {
    /// The socket, for the poll.
    pub stream: TcpStream,
    /// When the request under way was sent.
    pub sent: Instant,
    out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    consumed: usize,
    drained: bool,
}

impl Connection {
    /// Connects, and waits for it.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = std::net::TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self::over(TcpStream::from_std(stream)))
    }

    /// Takes a socket that is connected already.
    pub fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            sent: Instant::now(),
            out: Vec::with_capacity(4096),
            written: 0,
            input: vec![0; 16 << 10],
            filled: 0,
            consumed: 0,
            drained: false,
        }
    }

    /// The buffer for the next request, emptied of the last one.
    pub fn request(&mut self) -> &mut Vec<u8> {
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
        }
        &mut self.out
    }

    /// Writes what is still to be written, as far as the socket takes it.
    pub fn flush(&mut self) -> Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // A server that has refused the request may close before it has read it; its answer says why.
                Err(e) if matches!(e.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    self.written = self.out.len();
                }
                Err(e) => return Err(e).context("cannot write to the server"),
            }
        }
        Ok(())
    }

    /// Reads until a message is complete or the socket is empty. The message is valid until the next call.
    pub fn receive(&mut self) -> Result<Received> {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
            if self.filled > 0
                && let Some(message) = message::parse(&mut self.input[..self.filled])?
            {
                self.consumed = message.end;
                return Ok(Received::Message(message));
            }
        }
        // A read that left room has emptied the socket: what comes later is announced by a new event.
        if std::mem::take(&mut self.drained) {
            return Ok(Received::Nothing);
        }
        loop {
            if self.filled == self.input.len() {
                if self.filled >= MOST {
                    bail!("an answer of more than {MOST} bytes");
                }
                self.input.resize(self.filled * 2, 0);
            }
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(n) => {
                    self.filled += n;
                    self.drained = self.filled < self.input.len();
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).context("cannot read from the server"),
            }
            if let Some(message) = message::parse(&mut self.input[..self.filled])? {
                self.consumed = message.end;
                return Ok(Received::Message(message));
            }
            if std::mem::take(&mut self.drained) {
                return Ok(Received::Nothing);
            }
        }
    }

    /// The parts of the message that [`Self::receive`] gave.
    pub fn answer(&self, message: &Message) -> Answer<'_> {
        Answer { status: message.status, head: &self.input[..message.head], body: &self.input[message.body.clone()] }
    }
}
