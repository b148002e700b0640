// Calls a function in the event loop of the thread that created a receiver.
#include <QtCore/QMetaObject>
#include <QtCore/QObject>

namespace {
class Receiver : public QObject {
  public:
    Receiver(void *data, void (*call)(void *), void (*release)(void *)) : data(data), call(call), release(release) {}
    ~Receiver() override { release(data); }

    void *const data;
    void (*const call)(void *);
    void (*const release)(void *);
};
} // namespace

extern "C" Receiver *punctual_qt_receiver_new(void *data, void (*call)(void *), void (*release)(void *)) noexcept {
    return new Receiver(data, call, release);
}

// Can be called from any thread. A call that is queued when the receiver is deleted is not made.
extern "C" void punctual_qt_receiver_call(Receiver *receiver) noexcept {
    QMetaObject::invokeMethod(receiver, [receiver] { receiver->call(receiver->data); }, Qt::QueuedConnection);
}

// An object must not be deleted while it handles an event.
extern "C" void punctual_qt_receiver_delete(Receiver *receiver, bool later) noexcept {
    if (later)
        receiver->deleteLater();
    else
        delete receiver;
}
