//! The tenant and its one Cyclr account.

use super::{Error, Store};
use crate::ids::{AccountId, TenantId};

/// The account that a tenant was given, or that was named for it, at its first start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantAccount {
    pub id: AccountId,
    /// It existed before and was named by the integrator: it is read and never made.
    pub named: bool,
}

impl Store {
    pub async fn load_tenant_account(&self, tenant: &TenantId) -> Result<TenantAccount, Error> {
        let row = sqlx::query!(
            "SELECT account_id, account_named FROM tenant WHERE tenant_id = $1",
            tenant.as_str()
        )
        .fetch_one(&self.pool)
        .await?;
        let id = AccountId::parse(row.account_id)
            .map_err(|_| Error::inconsistent("tenant", "account_id", tenant))?;
        Ok(TenantAccount { id, named: row.account_named })
    }
}
