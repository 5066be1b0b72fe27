//! A field can be added: a session with a device, as the next version of its format, reads what version 2 wrote.
//!
//! Everything that a real change needs is here: the frozen type of version 2 stays, version 3 is a type of its own, and one
//! conversion says what an older record stands for.

use super::codec::Codec;
use super::common::v1::name;
use super::kind::RecordKind;
use super::session::v2;
use super::stored::{DecodeError, Stored, append, parse};
use crate::api::{RecordMac, StoreError};
use postlude_model::names::{SessionId, Timestamp, UserId};
use postlude_model::session::Session;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A session as a later build may have it.
#[derive(Debug, PartialEq)]
struct SessionWithDevice {
    session: Session,
    device: Option<String>,
}

mod v3 {
    //! Version 3 of the stored session.

    use super::{Deserialize, Serialize, v2};

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Session<'a> {
        #[serde(borrow)]
        pub(super) session: v2::Session<'a>,
        pub(super) device: Option<&'a str>,
    }

    impl<'a> From<v2::Session<'a>> for Session<'a> {
        fn from(session: v2::Session<'a>) -> Self {
            Self { session, device: None }
        }
    }
}

impl TryFrom<v3::Session<'_>> for SessionWithDevice {
    type Error = DecodeError;
    fn try_from(stored: v3::Session<'_>) -> Result<Self, DecodeError> {
        Ok(Self { session: stored.session.try_into()?, device: stored.device.map(str::to_owned) })
    }
}

impl Stored for SessionWithDevice {
    const KIND: RecordKind = RecordKind::Session;
    const VERSION: u8 = 3;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v3::Session { session: (&self.session).into(), device: self.device.as_deref() }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            2 => v3::Session::from(parse::<v2::Session<'_>>(body)?).try_into(),
            3 => parse::<v3::Session<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}

#[derive(Debug)]
struct Mac;

impl RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        [u8::try_from(bytes.len() % 251).unwrap(); 16]
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.tag(bytes) == *tag
    }
}

fn session() -> Session {
    let mut session = Session::new(SessionId::new("s").unwrap(), Timestamp(5));
    session.user = name::<UserId>(Some("ann")).unwrap();
    session.version = 3;
    session
}

/// R11.
#[test]
fn version_3_reads_both_and_version_2_refuses_it() {
    let codec = Codec::new(Arc::new(Mac));
    let older = codec.encode(b"S", &session()).unwrap();
    let read: SessionWithDevice = codec.decode(b"S", &older).unwrap();
    assert_eq!(read, SessionWithDevice { session: session(), device: None }, "version 2 is upgraded when it is read");

    let newer = SessionWithDevice { session: session(), device: Some("phone".to_owned()) };
    let bytes = codec.encode(b"S", &newer).unwrap();
    assert_eq!((older[0], bytes[0]), (2, 3));
    assert_eq!(codec.decode::<SessionWithDevice>(b"S", &bytes).unwrap(), newer);
    assert_eq!(codec.decode::<Session>(b"S", &bytes), Err(StoreError::Newer("session")), "an older build says so");
    assert_eq!(codec.made_by(Some(RecordKind::Session), b"S", &bytes), Err(StoreError::Newer("session")));
    assert_eq!(codec.made_by(Some(RecordKind::Session), b"S", &older), Ok(0));
}

/// A record of which the layout or a name in it is not readable says so: it is neither damaged nor newer.
#[test]
fn what_cannot_be_read_is_named() {
    let codec = Codec::new(Arc::new(Mac));
    let signed = |body: &[u8]| {
        let key = [&1_u64.to_be_bytes()[..], b"S"].concat();
        [body, &Mac.tag(&[&key, body].concat())].concat()
    };
    let mut whole = session().write(vec![2]).unwrap();
    let read = |body: &[u8]| codec.decode::<Session>(b"S", &signed(body));
    assert_eq!(read(&whole), Ok(session()));
    // The user's name gets a control character, which no name has.
    let at = whole.windows(3).position(|window| window == b"ann").unwrap();
    whole[at] = 7;
    assert!(matches!(read(&whole), Err(StoreError::Unreadable("session", why)) if why.contains("not a user id")));
    assert!(matches!(read(&whole[..9]), Err(StoreError::Unreadable("session", why)) if why.contains("layout")));
    whole[0] = 0;
    assert!(matches!(read(&whole), Err(StoreError::Unreadable("session", why)) if why.contains("version 0")));
    assert_eq!(codec.decode::<Session>(b"S", &[1, 2]), Err(StoreError::Corrupt("session")));
}
