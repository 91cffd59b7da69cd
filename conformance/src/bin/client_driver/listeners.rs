//! Listeners that report, and hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use roomcast_client::{Ack, Spread, Value, value};

use crate::driver::Driver;
use crate::reports::{name_of, print};
use crate::values;

/// A handler that reports `event`, answers and fails, as the command says.
pub(crate) fn of_event(
    driver: &Arc<Driver>,
    command: &Value,
) -> impl Fn(Spread<Value>, Option<Ack>, Option<Ack>) + Clone + Send + Sync + 'static {
    let driver = Arc::clone(driver);
    let command = command.clone();
    move |Spread(args), kept, own| {
        print(&value!({
            "type": "event",
            "socket": command["socket"].clone(),
            "listener": command["listener"].clone(),
            "name": command["name"].clone(),
            "args": values::encode_all(&args),
            "ack": kept.map(|ack| driver.keep_answer(ack)),
        }));
        if let (Some(ack), Some(_)) = (own, command["answer"].as_array()) {
            ack.send(Spread(values::list(&command["answer"])));
        }
        if command["fail"].as_bool() == Some(true) {
            panic!("listener failed on purpose");
        }
    }
}

/// A catch-all handler that reports `kind`.
pub(crate) fn of_all(
    kind: &'static str,
    command: &Value,
) -> impl Fn(String, Spread<Value>) + Clone + Send + Sync + 'static {
    let (socket, listener) = (command["socket"].clone(), command["listener"].clone());
    move |name, Spread(args)| {
        print(&value!({
            "type": kind,
            "socket": socket.clone(),
            "listener": listener.clone(),
            "name": name,
            "args": values::encode_all(&args),
        }));
    }
}

/// Runs commands inside the next occurrences of an event.
pub(crate) fn hook(driver: &Arc<Driver>, command: &Value) -> Result<(), String> {
    let steps = command["commands"].as_array().unwrap_or_default().to_vec();
    let left = Arc::new(AtomicU64::new(command["times"].as_u64().unwrap_or(1)));
    let owner = Arc::clone(driver);
    let run = move || {
        let take = |left: u64| left.checked_sub(1);
        if left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            for step in &steps {
                // A step of a hook has no reply.
                let _ = owner.execute(step);
            }
        }
    };
    let event = command["event"].as_str().unwrap_or_default().to_owned();
    if command.get("socket").is_none() {
        let manager = driver.manager(command)?.manager;
        manager.on_event(move |happened| {
            if name_of(happened) == event {
                run();
            }
        });
        return Ok(());
    }
    let socket = driver.socket(command)?.socket;
    socket.on(&event, run);
    Ok(())
}
