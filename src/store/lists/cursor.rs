//! Where a page ended, in a form that can be handed out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Filter, ListOrder};

/// A place in a list. Good only for the filter and the order it was made for. It opens nothing: what
/// somebody may see is asked with every page, whatever the cursor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) list: [u8; 8],
    pub(super) key: Key,
}

/// What lists are ordered by: a time where the order has one, then the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) at: DateTime<Utc>,
    pub(super) id: Uuid,
}

const LENGTH: usize = 8 + 8 + 16;

impl Cursor {
    pub fn write(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.list);
        bytes[8..16].copy_from_slice(&self.key.at.timestamp_micros().to_be_bytes());
        bytes[16..].copy_from_slice(self.key.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` for anything that [`Self::write`] does not write.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = (text.len() <= 64).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
        let micros = i64::from_be_bytes(bytes[8..16].try_into().ok()?);
        let at = DateTime::from_timestamp_micros(micros).filter(is_storable)?;
        let list = bytes[..8].try_into().ok()?;
        let id = Uuid::from_slice(&bytes[16..]).ok()?;
        Some(Self { list, key: Key { at, id } })
    }

    pub fn fits(&self, filter: &Filter, order: ListOrder) -> bool {
        self.list == filter.digest(order)
    }
}

/// Within what the database can hold.
fn is_storable(at: &DateTime<Utc>) -> bool {
    (-200_000_000_000..=200_000_000_000).contains(&at.timestamp())
}

impl Key {
    /// Of an order that goes by ids alone.
    pub(super) const fn of_id(id: Uuid) -> Self {
        Self { at: DateTime::UNIX_EPOCH, id }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(list: [u8; 8], micros in -4_000_000_000_000_000_i64..4_000_000_000_000_000, id: u128) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            let cursor = Cursor { list, key: Key { at, id: Uuid::from_u128(id) } };
            prop_assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        }

        #[test]
        fn junk_is_no_cursor_and_only_what_is_written_is(text in "[A-Za-z0-9_=-]{0,70}") {
            if let Some(cursor) = Cursor::read(&text) {
                prop_assert_eq!(cursor.write(), text);
            }
        }
    }

    #[test]
    fn a_cursor_is_for_one_list() {
        let filter = Filter::default();
        let narrowed = Filter { stuck: Some(true), ..Filter::default() };
        let key = Key::of_id(Uuid::nil());
        let cursor = Cursor { list: filter.digest(ListOrder::Newest), key };
        assert!(cursor.fits(&filter, ListOrder::Newest));
        assert!(!cursor.fits(&filter, ListOrder::Oldest));
        assert!(!cursor.fits(&narrowed, ListOrder::Newest));
    }
}
