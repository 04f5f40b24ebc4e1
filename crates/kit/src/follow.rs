//! A stored cursor: how far a consumer of the change feed has come, kept in the same log, so that it goes on from there
//! after a restart. Reads no feed.

use crate::Ctx;
use belfry_kernel::Error;
use belfry_ports::{Collection, Seq};

/// A place in the log under a name.
pub struct Cursor {
    ctx: Ctx,
    key: String,
    place: Option<Seq>,
}

impl Cursor {
    pub(crate) fn open(ctx: Ctx, name: &str) -> Result<Self, Error> {
        let key = format!("app/{}", ctx.key(name));
        let place = match ctx.store().document(Collection::Cursor, &key)? {
            None => None,
            Some(bytes) => {
                let bytes = bytes.as_ref().try_into();
                Some(Seq::from_le_bytes(bytes.map_err(|_| Error::internal("a cursor of an application is damaged"))?))
            }
        };
        Ok(Self { ctx, key, place })
    }

    /// The last commit that was dealt with; none when nothing was saved yet.
    pub fn place(&self) -> Option<Seq> {
        self.place
    }

    /// Says that everything up to this commit is dealt with. What came after the last save comes again after a restart: save
    /// now and then, and make what is done safe to repeat.
    ///
    /// # Errors
    /// Why the store could not make it durable.
    pub async fn save(&mut self, place: Seq) -> Result<(), Error> {
        self.put(Some(place)).await
    }

    /// Forgets it: the log is kept for it no longer.
    ///
    /// # Errors
    /// Why the store could not make it durable.
    pub async fn remove(mut self) -> Result<(), Error> {
        self.put(None).await
    }

    async fn put(&mut self, place: Option<Seq>) -> Result<(), Error> {
        let (key, bytes) = (self.key.clone(), place.map(|place| place.to_le_bytes().to_vec().into()));
        self.ctx
            .write(move |draft| {
                draft.put_in(Collection::Cursor, key, bytes);
                Ok(())
            })
            .await?;
        self.place = place;
        Ok(())
    }
}
