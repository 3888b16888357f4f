//! The Secret Service of freedesktop.org, over the session bus. Secrets cross the bus as plain text: only this user's programs
//! can see them there, and those could ask the service for them as well. The buffers of the bus library are not wiped.

use crate::platform::environment::IDENTIFIER;
use futures_lite::StreamExt;
use holdoff_core::credential::KeyringTrouble;
use holdoff_core::credential::token::Token;
use serde::Serialize;
use std::collections::HashMap;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Error, Proxy};
use zeroize::Zeroizing;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
/// Stands for "no object": nothing to ask the user, or no collection.
const NONE: &str = "/";

/// Session, parameters, value and content type.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
type Paths = Vec<OwnedObjectPath>;

pub(super) async fn read(bus: Option<&str>, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
    let service = Service::open(bus).await?;
    let (unlocked, locked) = service.find(name).await?;
    let Some(item) = unlocked.first() else {
        return if locked.is_empty() { Ok(None) } else { Err(KeyringTrouble::Locked) };
    };
    let (_, _, value, _): Secret = service.call(item, "Item", "GetSecret", &(&service.session,)).await?;
    Ok(Some(value.into()))
}

pub(super) async fn store(bus: Option<&str>, name: &str, label: &str, secret: &Token) -> Result<(), KeyringTrouble> {
    let service = Service::open(bus).await?;
    let collection: OwnedObjectPath = service.call(ROOT, "Service", "ReadAlias", &("default",)).await?;
    if collection.as_str() == NONE {
        return Err(unavailable("it has no default collection"));
    }
    service.unlock(vec![collection.clone()]).await?;
    let attributes = Value::from(attributes(name));
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Value::from(label)),
        ("org.freedesktop.Secret.Item.Attributes", attributes),
    ]);
    let value = (&service.session, &[0u8; 0][..], secret.expose().as_bytes(), "text/plain");
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) =
        service.call(&collection, "Collection", "CreateItem", &(properties, value, true)).await?;
    service.ask(prompt).await
}

pub(super) async fn remove(bus: Option<&str>, name: &str) -> Result<(), KeyringTrouble> {
    let service = Service::open(bus).await?;
    let (mut items, locked) = service.find(name).await?;
    if !locked.is_empty() {
        service.unlock(locked.clone()).await?;
        items.extend(locked);
    }
    for item in items {
        let prompt = service.call(&item, "Item", "Delete", &()).await?;
        service.ask(prompt).await?;
    }
    Ok(())
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", IDENTIFIER), ("account", name)])
}

/// A session with the service.
struct Service {
    bus: Connection,
    session: OwnedObjectPath,
}

impl Service {
    async fn open(bus: Option<&str>) -> Result<Self, KeyringTrouble> {
        let address = bus.ok_or_else(|| unavailable("there is no session bus"))?;
        let unreachable = |_| unavailable("the session bus cannot be reached");
        let bus = Builder::address(address).map_err(unreachable)?.build().await.map_err(unreachable)?;
        let body = ("plain", Value::from(""));
        let (_, session): (OwnedValue, OwnedObjectPath) = call(&bus, ROOT, "Service", "OpenSession", &body).await?;
        Ok(Self { bus, session })
    }

    async fn call<R>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<R, KeyringTrouble>
    where
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        call(&self.bus, path, interface, method, body).await
    }

    /// The unlocked and the locked items.
    async fn find(&self, name: &str) -> Result<(Paths, Paths), KeyringTrouble> {
        self.call(ROOT, "Service", "SearchItems", &(attributes(name),)).await
    }

    async fn unlock(&self, objects: Paths) -> Result<(), KeyringTrouble> {
        let (_, prompt): (Paths, OwnedObjectPath) = self.call(ROOT, "Service", "Unlock", &(objects,)).await?;
        self.ask(prompt).await
    }

    /// Lets the service ask the user, if it has to.
    async fn ask(&self, prompt: OwnedObjectPath) -> Result<(), KeyringTrouble> {
        if prompt.as_str() == NONE {
            return Ok(());
        }
        let proxy = proxy(&self.bus, &prompt, "Prompt").await?;
        let mut completed = proxy.receive_signal("Completed").await.map_err(in_words)?;
        proxy.call_method("Prompt", &("",)).await.map_err(in_words)?;
        let answer = completed.next().await.ok_or_else(|| unavailable("the session bus is gone"))?;
        let (dismissed, _): (bool, OwnedValue) = answer.body().deserialize().map_err(in_words)?;
        if dismissed { Err(KeyringTrouble::Locked) } else { Ok(()) }
    }
}

async fn call<R>(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &(impl Serialize + DynamicType),
) -> Result<R, KeyringTrouble>
where
    R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
{
    proxy(bus, path, interface).await?.call(method, body).await.map_err(in_words)
}

async fn proxy(bus: &Connection, path: &str, interface: &str) -> Result<Proxy<'static>, KeyringTrouble> {
    let builder = zbus::proxy::Builder::<Proxy<'static>>::new(bus).cache_properties(CacheProperties::No);
    let builder = builder.destination(SERVICE).and_then(|builder| builder.path(path.to_owned()));
    let builder = builder.and_then(|builder| builder.interface(format!("org.freedesktop.Secret.{interface}")));
    builder.map_err(in_words)?.build().await.map_err(in_words)
}

fn unavailable(why: &str) -> KeyringTrouble {
    KeyringTrouble::Unavailable(why.to_owned())
}

fn in_words(error: Error) -> KeyringTrouble {
    match &error {
        Error::MethodError(name, _, _) => match name.as_str() {
            "org.freedesktop.Secret.Error.IsLocked" => KeyringTrouble::Locked,
            "org.freedesktop.DBus.Error.ServiceUnknown" => unavailable("no keyring service is running"),
            // Its text is the service's own, and may be anything.
            other => unavailable(&format!("it answered {other}")),
        },
        _ => unavailable("the session bus gave an unusable answer"),
    }
}
