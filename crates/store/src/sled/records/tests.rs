//! Records in parts, and what changes them together.

use super::*;
use crate::api::RecordMac;
use crate::format::kind::RecordKind;
use crate::format::stored::{DecodeError, append, parse};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

#[derive(Debug)]
struct Mac;

impl RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        *Sha256::digest(bytes).first_chunk().unwrap()
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.tag(bytes) == *tag
    }
}

/// A record that is nothing but a text.
#[derive(Debug, PartialEq)]
struct Text(String);

impl Stored for Text {
    const KIND: RecordKind = RecordKind::Login;
    const VERSION: u8 = 1;
    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&self.0, to)
    }
    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        if version == 1 { Ok(Self(parse(body)?)) } else { Err(DecodeError::Version(version)) }
    }
}

fn records() -> (sled::Db, Records) {
    let db = sled::Config::new().temporary(true).flush_every_ms(None).open().unwrap();
    let tree = db.open_tree("records").unwrap();
    (db, Records::new(tree, Codec::new(Arc::new(Mac))))
}

/// How many of the records no key explains.
fn damaged(records: &Records) -> usize {
    let keys = records.tree.iter().keys().map(Result::unwrap);
    keys.filter(|key| matches!(records.made_by(key), Err(StoreError::Corrupt(_)))).count()
}

fn write(records: &Records, key: &[u8], value: Option<&str>) {
    let mut changes = Changes::default();
    match value {
        Some(value) => records.put(&mut changes, key.to_vec(), &Text(value.to_owned())).unwrap(),
        None => changes.remove(key.to_vec()),
    }
    records.apply(changes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever size follows whatever size: the newest is read, and nothing of the older ones is left.
    #[test]
    fn records_of_all_sizes_replace_each_other(sizes in prop::collection::vec(0_usize..20_000, 1..5)) {
        let (_db, records) = records();
        for size in sizes {
            let text = "x".repeat(size);
            write(&records, b"Lone", Some(&text));
            prop_assert_eq!(records.get::<Text>(b"Lone").unwrap().unwrap().0, text);
            prop_assert!(records.tree.iter().values().all(|value| value.unwrap().len() <= PART_BYTES + 1));
        }
        write(&records, b"Lone", None);
        prop_assert!(records.tree.is_empty());
    }
}

/// A step of a writer.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, usize),
    Remove(u8),
    List(u8),
    Unlist(u8),
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    // The largest alone is more than may be staged.
    let size = prop_oneof![4 => 0_usize..100, 1 => 3_990_usize..9_000, 1 => Just(300_000)];
    prop_oneof![
        4 => (0_u8..4, size).prop_map(|(key, size)| Step::Put(key, size)),
        1 => (0_u8..4).prop_map(Step::Remove),
        1 => (0_u8..4).prop_map(Step::List),
        1 => (0_u8..4).prop_map(Step::Unlist),
        1 => Just(Step::Settle),
    ]
}

impl Step {
    fn take(&self, records: &Records) {
        let mut changes = Changes::default();
        match self {
            Self::Put(key, size) => {
                records.put(&mut changes, vec![b'L', *key], &Text("x".repeat(*size))).unwrap();
            }
            Self::Remove(key) => changes.remove(vec![b'L', *key]),
            Self::List(key) => changes.put_index(vec![b'B', *key]),
            Self::Unlist(key) => changes.remove_index(vec![b'B', *key]),
            Self::Settle => records.settle().unwrap(),
        }
        records.stage(changes).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// What a writer reads is the same whether each of its changes was applied or waits; so is what is there at last.
    #[test]
    fn staged_changes_read_like_applied_ones(steps in prop::collection::vec((step(), any::<bool>()), 1..24)) {
        let ((_one, plain), (_other, staging)) = (records(), records());
        let writer = staging.clone().for_writer();
        for (step, also_ranges) in steps {
            step.take(&plain);
            step.take(&writer);
            for key in 0..4 {
                let key = [b'L', key];
                prop_assert_eq!(writer.get::<Text>(&key).unwrap(), plain.get::<Text>(&key).unwrap());
                prop_assert_eq!(writer.contains(&key).unwrap(), plain.contains(&key).unwrap());
                prop_assert_eq!(writer.bytes(&key).unwrap(), plain.bytes(&key).unwrap());
            }
            if also_ranges {
                let all = |of: &Records| of.entries(vec![b'B', 0]..vec![b'B', 9]).map(Result::unwrap).collect::<Vec<_>>();
                prop_assert_eq!(all(&writer), all(&plain));
                prop_assert_eq!(writer.last(b"B").unwrap(), plain.last(b"B").unwrap());
                prop_assert_eq!(writer.keys(b"L").unwrap(), plain.keys(b"L").unwrap());
            }
        }
        writer.settle().unwrap();
        prop_assert_eq!(
            staging.tree.iter().map(Result::unwrap).collect::<Vec<_>>(),
            plain.tree.iter().map(Result::unwrap).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_largest_record_fits_and_a_larger_one_is_refused() {
    let (_db, records) = records();
    let fits = "x".repeat(PART_BYTES * PARTS - 1 - 16 - 3);
    write(&records, b"Lone", Some(&fits));
    assert_eq!(records.get::<Text>(b"Lone").unwrap().unwrap().0, fits);
    let refused = records.put(&mut Changes::default(), b"Lone".to_vec(), &Text(format!("{fits}x")));
    assert!(matches!(refused, Err(StoreError::Encoding("login record", _))), "{refused:?}");
}

/// O09, R06: a record with any byte changed, cut short, moved to another key or without one of its parts is no record.
#[test]
fn damage_is_found_wherever_it_is() {
    let (_db, records) = records();
    let text = "y".repeat(6000);
    for (key, text) in [(b"Lone", "short"), (b"Ltwo", text.as_str())] {
        write(&records, key, Some(text));
    }
    let entries: Vec<_> = records.tree.iter().map(Result::unwrap).collect();
    for (key, value) in &entries {
        for at in (0..value.len()).filter(|at| *at < 40 || at % 97 == 0 || value.len() - at < 20) {
            let mut bent = value.to_vec();
            bent[at] ^= 0x40;
            records.tree.insert(key, bent).unwrap();
            assert_eq!(damaged(&records), 1, "byte {at}");
            let read = [b"Lone", b"Ltwo"].map(|key| records.get::<Text>(key));
            assert!(read.contains(&Err(StoreError::Corrupt("login record"))), "byte {at}: {read:?}");
        }
        records.tree.insert(key, &value[..value.len() - 1]).unwrap();
        assert_eq!(damaged(&records), 1);
        records.tree.insert(key, value).unwrap();
    }
    assert_eq!(damaged(&records), 0);
    records.tree.insert(b"Lone", &entries.iter().find(|entry| entry.0 == b"Ltwo").unwrap().1).unwrap();
    assert_eq!(records.get::<Text>(b"Lone"), Err(StoreError::Corrupt("login record")));
    records.tree.remove(keys::part(b"Ltwo", 1)).unwrap();
    assert_eq!(records.get::<Text>(b"Ltwo"), Err(StoreError::Corrupt("login record")));
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let (_db, records) = records();
    let mut body = vec![u8::MAX, 1, b'x'];
    let tag = Mac.tag(&[&4_u64.to_be_bytes()[..], b"Lone", &body].concat());
    body.extend_from_slice(&tag);
    records.tree.insert(b"Lone", [&[0], body.as_slice()].concat()).unwrap();
    assert_eq!(records.get::<Text>(b"Lone"), Err(StoreError::Newer("login record")));
    assert_eq!(records.made_by(b"Lone"), Err(StoreError::Newer("login record")));
}
