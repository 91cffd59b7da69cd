//! The receive side: bytes in, messages and control frames out.

use std::borrow::Cow;
use std::mem;

use crate::assembly::Assembly;
use crate::deflate::{Agreement, Inflater, Pool};
use crate::header::{Head, MAX_HEADER_BYTES, Terms};
use crate::mask::Mask;
use crate::{CloseFrame, DecodeError, Limits, OpCode, Role};

/// Something whole that the peer sent.
///
/// Borrowed contents are a part of the input, owned ones were put together from several inputs,
/// from fragments or by inflating.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has no other frames")]
pub enum Event<'a> {
    /// A message of text.
    Text(Cow<'a, str>),
    /// A message of bytes.
    Binary(Cow<'a, [u8]>),
    /// A ping of at most 125 bytes; the answer is a pong with the same bytes.
    Ping(Cow<'a, [u8]>),
    /// A pong of at most 125 bytes, asked for or not.
    Pong(Cow<'a, [u8]>),
    /// A close frame, with the reason if the peer states one. Nothing behind it is read.
    Close(Option<CloseFrame>),
}

/// The outcome of one [`Decoder::decode`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded<'a> {
    /// How many bytes at the front of the input are done with; all of them if there is no event.
    pub consumed: usize,
    /// What they end with, if they complete something.
    pub event: Option<Event<'a>>,
}

/// The receive side of one connection.
///
/// It holds heap memory only while a message is incomplete (and, with compression, the window
/// that the peer refers back to): an idle decoder owns none.
///
/// # Example
///
/// ```
/// use roomcast_websocket::{Decoder, Event, Limits, Role};
///
/// let mut decoder = Decoder::new(Role::Client, Limits::default());
/// let mut input = *b"\x81\x05Hello\x89\x00\x81\x03by";
/// let (mut at, mut events) = (0, Vec::new());
/// while at < input.len() {
///     let decoded = decoder.decode(&mut input[at..])?;
///     at += decoded.consumed;
///     events.extend(decoded.event.map(|event| format!("{event:?}")));
/// }
///
/// assert_eq!(events, [r#"Text("Hello")"#, "Ping([])"]);
/// assert!(decoder.buffered_bytes() > 0, "two of three bytes of a text");
/// # Ok::<(), roomcast_websocket::DecodeError>(())
/// ```
///
/// Spec: RFC 6455, sections 5 and 6.2.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    limits: Limits,
    inflater: Option<Box<Inflater>>,
    phase: Phase,
    /// The message whose last fragment has not come; control frames may stand between.
    ///
    /// Invariant: in [`Phase::Data`] there is one.
    // Cost: a pointer, as `Phase::Control` has one; an idle connection holds nothing of either.
    message: Option<Box<Assembly>>,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Phase {
    Header {
        bytes: [u8; MAX_HEADER_BYTES],
        len: u8,
    },
    Data {
        remaining: u64,
        mask: Mask,
        is_last: bool,
    },
    Control(Box<Control>),
    Closed,
    Failed(DecodeError),
}

/// A control frame that is not whole.
#[derive(Debug)]
struct Control {
    opcode: OpCode,
    remaining: usize,
    mask: Mask,
    payload: Vec<u8>,
}

impl Phase {
    const START: Self = Self::Header {
        bytes: [0; MAX_HEADER_BYTES],
        len: 0,
    };
}

impl Decoder {
    /// A decoder for the given end of a connection, before its first frame.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            inflater: None,
            phase: Phase::START,
            message: None,
        }
    }

    /// Takes compressed messages as agreed in the handshake; `pool` lends the memory for them.
    #[must_use]
    pub fn with_inflate(mut self, agreement: &Agreement, pool: &Pool) -> Self {
        self.inflater = Some(Box::new(Inflater::new(self.role, agreement, pool)));
        self
    }

    /// Takes bytes from the front of `input` up to the end of the first whole message or control
    /// frame, unmasking in place.
    ///
    /// Call it again with the bytes behind [`Decoded::consumed`] until there is no event: then
    /// everything is consumed, and the decoder itself keeps what is incomplete. A whole
    /// uncompressed message of one frame is returned as a part of `input`. Payload is taken in
    /// pieces as it arrives, and text is checked with each piece.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] for what the peer must not send; every later call returns it again.
    #[inline]
    pub fn decode<'a>(&mut self, input: &'a mut [u8]) -> Result<Decoded<'a>, DecodeError> {
        let result = self.decode_event(input);
        if let Err(error) = result {
            self.message = None;
            self.phase = Phase::Failed(error);
        }
        result
    }

    /// Bytes of the buffers that hold incomplete input, without the windows of compression and
    /// without what keeps track of a message or a control frame, less than 200 bytes of the heap.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        let control = match &self.phase {
            Phase::Control(control) => control.payload.capacity(),
            _ => 0,
        };
        let message = self.message.as_ref();
        control + message.map_or(0, |message| message.capacity())
    }

    #[inline]
    fn decode_event<'a>(&mut self, input: &'a mut [u8]) -> Result<Decoded<'a>, DecodeError> {
        match self.whole_message_ahead(input)? {
            Some((head, start)) => {
                let mut payload = &mut input[start..];
                let event = whole_message(head, &mut payload)?;
                Ok(Decoded {
                    consumed: start + head.payload_len as usize,
                    event: Some(event),
                })
            }
            None => self.decode_steps(input),
        }
    }

    /// The header of a message that lies whole in `input`, as most do, and where its payload
    /// starts.
    ///
    /// Cost: without looking ahead a message of 32 bytes takes 28 ns, with it 14.
    #[inline]
    fn whole_message_ahead(&self, input: &[u8]) -> Result<Option<(Head, usize)>, DecodeError> {
        if self.message.is_some() || !matches!(self.phase, Phase::Header { len: 0, .. }) {
            return Ok(None);
        }
        let found = Head::parse(input, self.terms())?;
        let limit = self
            .limits
            .max_frame_bytes
            .min(self.limits.max_message_bytes) as u64;
        Ok(found.filter(|(head, start)| {
            let available = (input.len() - start) as u64;
            head.is_message() && head.payload_len <= available.min(limit)
        }))
    }

    fn decode_steps<'a>(&mut self, input: &'a mut [u8]) -> Result<Decoded<'a>, DecodeError> {
        let total = input.len();
        let mut rest = input;
        loop {
            let event = match self.phase {
                Phase::Header { .. } => match self.take_head(&mut rest)? {
                    Some(head) => self.begin_frame(head, &mut rest)?,
                    None => None,
                },
                Phase::Data { .. } => self.continue_data(&mut rest)?,
                Phase::Control(_) => self.continue_control(&mut rest)?,
                Phase::Closed => {
                    return Ok(Decoded {
                        consumed: total,
                        event: None,
                    });
                }
                Phase::Failed(error) => return Err(error),
            };
            if event.is_some() || rest.is_empty() {
                return Ok(Decoded {
                    consumed: total - rest.len(),
                    event,
                });
            }
        }
    }

    #[inline]
    fn terms(&self) -> Terms {
        Terms {
            role: self.role,
            allows_deflate: self.inflater.is_some(),
        }
    }

    /// Takes a frame header, or keeps the part of it that is there.
    fn take_head(&mut self, rest: &mut &mut [u8]) -> Result<Option<Head>, DecodeError> {
        let terms = self.terms();
        let Phase::Header { bytes, len } = &mut self.phase else {
            return Ok(None);
        };
        if *len == 0
            && let Some((head, end)) = Head::parse(rest, terms)?
        {
            take(rest, end);
            return Ok(Some(head));
        }
        while !rest.is_empty() {
            bytes[usize::from(*len)] = take(rest, 1)[0];
            *len += 1;
            if let Some((head, _)) = Head::parse(&bytes[..usize::from(*len)], terms)? {
                *len = 0;
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    fn begin_frame<'a>(
        &mut self,
        head: Head,
        rest: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let limit = self.limits.max_frame_bytes;
        if head.opcode.is_control() {
            return self.begin_control(head, rest);
        }
        if head.payload_len > limit as u64 {
            return Err(DecodeError::FrameTooLarge {
                len: head.payload_len,
                limit,
            });
        }
        let starts_message = head.opcode != OpCode::Continuation;
        match (&mut self.message, starts_message) {
            (None, false) => return Err(DecodeError::UnexpectedContinuation),
            (Some(_), true) => return Err(DecodeError::UnfinishedMessage),
            (Some(message), false) => message.continue_message(self.limits.max_fragments)?,
            (None, true) => {}
        }
        self.check_message_len(&head)?;
        let is_whole = head.payload_len <= rest.len() as u64;
        if head.is_message() && is_whole {
            return whole_message(head, rest).map(Some);
        }
        if starts_message {
            self.message = Some(Box::new(Assembly::new(head.opcode, head.is_compressed)));
        }
        let Head {
            payload_len,
            mask,
            is_last,
            ..
        } = head;
        self.phase = Phase::Data {
            remaining: payload_len,
            mask,
            is_last,
        };
        self.continue_data(rest)
    }

    /// Refuses a message that is too long as soon as a header says so, before it is held.
    fn check_message_len(&self, head: &Head) -> Result<(), DecodeError> {
        let limit = self.limits.max_message_bytes;
        let (held, is_compressed) = match &self.message {
            Some(message) => (message.len(), message.is_compressed),
            None => (0, head.is_compressed),
        };
        // A compressed message is measured when it is inflated.
        if !is_compressed && head.payload_len > limit.saturating_sub(held) as u64 {
            return Err(DecodeError::MessageTooLarge { limit });
        }
        Ok(())
    }

    fn continue_data<'a>(
        &mut self,
        rest: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let Phase::Data {
            remaining,
            mask,
            is_last,
        } = &mut self.phase
        else {
            return Ok(None);
        };
        let Some(message) = &mut self.message else {
            return Ok(None);
        };
        let limit = self.limits.max_message_bytes;
        let available = usize::try_from(*remaining).map_or(rest.len(), |n| n.min(rest.len()));
        let piece = take(rest, available);
        *remaining -= piece.len() as u64;
        mask.apply(piece);
        let (is_frame_end, is_message_end) = (*remaining == 0, *remaining == 0 && *is_last);
        match &mut self.inflater {
            Some(inflater) if message.is_compressed => {
                inflater.inflate(piece, |bytes| message.push(bytes, limit))?;
                if is_message_end {
                    inflater.finish_message(|bytes| message.push(bytes, limit))?;
                }
            }
            _ => message.push(piece, limit)?,
        }
        if is_frame_end {
            self.phase = Phase::START;
        }
        if !is_message_end {
            return Ok(None);
        }
        let message = self.message.take();
        message.map(|message| message.finish()).transpose()
    }

    fn begin_control<'a>(
        &mut self,
        head: Head,
        rest: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let Head {
            opcode,
            mut mask,
            payload_len,
            ..
        } = head;
        let remaining = payload_len as usize;
        if remaining > rest.len() {
            let payload = Vec::with_capacity(remaining);
            self.phase = Phase::Control(Box::new(Control {
                opcode,
                remaining,
                mask,
                payload,
            }));
            return self.continue_control(rest);
        }
        let payload = take(rest, remaining);
        mask.apply(payload);
        self.finish_control(opcode, Cow::Borrowed(payload))
            .map(Some)
    }

    fn continue_control<'a>(
        &mut self,
        rest: &mut &'a mut [u8],
    ) -> Result<Option<Event<'a>>, DecodeError> {
        let Phase::Control(control) = &mut self.phase else {
            return Ok(None);
        };
        let available = control.remaining.min(rest.len());
        let piece = take(rest, available);
        control.mask.apply(piece);
        control.payload.extend_from_slice(piece);
        control.remaining -= piece.len();
        if control.remaining > 0 {
            return Ok(None);
        }
        let (opcode, payload) = (control.opcode, mem::take(&mut control.payload));
        self.phase = Phase::START;
        self.finish_control(opcode, Cow::Owned(payload)).map(Some)
    }

    fn finish_control<'a>(
        &mut self,
        opcode: OpCode,
        payload: Cow<'a, [u8]>,
    ) -> Result<Event<'a>, DecodeError> {
        Ok(match opcode {
            OpCode::Ping => Event::Ping(payload),
            OpCode::Pong => Event::Pong(payload),
            _ => {
                let frame = CloseFrame::parse(&payload)?;
                // SPEC: RFC 6455, section 5.5.1: nothing comes after a close frame.
                self.phase = Phase::Closed;
                self.message = None;
                Event::Close(frame)
            }
        })
    }
}

/// A message in one frame that lies in the input: unmasked where it is.
#[inline]
fn whole_message<'a>(mut head: Head, rest: &mut &'a mut [u8]) -> Result<Event<'a>, DecodeError> {
    let payload = take(rest, head.payload_len as usize);
    head.mask.apply(payload);
    let payload: &'a [u8] = payload;
    if head.opcode == OpCode::Binary {
        return Ok(Event::Binary(Cow::Borrowed(payload)));
    }
    // Cost: `str::from_utf8` takes 0.56 µs for 1 KiB of which a half is not ASCII, this 0.07 µs.
    match simdutf8::basic::from_utf8(payload) {
        Ok(text) => Ok(Event::Text(Cow::Borrowed(text))),
        Err(_) => Err(DecodeError::InvalidUtf8),
    }
}

/// Splits the first `len` bytes off; the caller has made sure that they are there.
#[inline]
fn take<'a>(rest: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let (front, back) = mem::take(rest).split_at_mut(len);
    *rest = back;
    front
}

// What `Decoder::buffered_bytes` leaves out.
const _: () = assert!(size_of::<Assembly>() + size_of::<Control>() < 200);
