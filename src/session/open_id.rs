use crate::message::{OwnedRequestId, RequestId, ShortId};

/// The id of an open request.
#[derive(PartialEq)]
pub(super) enum OpenId {
    Short(ShortId),
    Long(OwnedRequestId),
}

impl OpenId {
    /// The bytes of memory that it takes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Short(_) => size_of::<Self>(),
            Self::Long(id) => size_of::<Self>() - size_of_val(id) + id.weight(),
        }
    }
}

impl From<RequestId<'_>> for OpenId {
    fn from(id: RequestId<'_>) -> Self {
        match ShortId::of(id) {
            Some(id) => Self::Short(id),
            None => Self::Long(id.into()),
        }
    }
}

impl From<OpenId> for OwnedRequestId {
    fn from(id: OpenId) -> Self {
        match id {
            OpenId::Short(id) => id.into(),
            OpenId::Long(id) => id,
        }
    }
}
