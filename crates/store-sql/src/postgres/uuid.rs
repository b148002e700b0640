//! Ids of runs as parameters of the type `uuid`, whose text would be twice as long and have to be parsed.

use punctual_core::RunId;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::{Postgres, Type};

/// The types `uuid` and `uuid[]`, whose ids are the same in all databases.
const UUID: Oid = Oid(2950);
const UUID_ARRAY: Oid = Oid(2951);

pub(super) struct Uuid(pub(super) RunId);

impl Type<Postgres> for Uuid {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(UUID)
    }
}

impl PgHasArrayType for Uuid {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(UUID_ARRAY)
    }
}

impl Encode<'_, Postgres> for Uuid {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.as_u128().to_be_bytes());
        Ok(IsNull::No)
    }
}
