// The event loop of a thread, for tests.
#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>

extern "C" void punctual_qt_application_new() noexcept {
    static int count = 1;
    static char name[] = "punctual";
    static char *arguments[] = {name, nullptr};
    new QCoreApplication(count, arguments);
}

extern "C" QEventLoop *punctual_qt_event_loop_new() noexcept { return new QEventLoop; }

extern "C" void punctual_qt_event_loop_delete(QEventLoop *loop) noexcept { delete loop; }

extern "C" void punctual_qt_event_loop_exec(QEventLoop *loop) noexcept { loop->exec(); }

extern "C" void punctual_qt_event_loop_quit(QEventLoop *loop) noexcept { loop->quit(); }

extern "C" void punctual_qt_event_loop_process_events(QEventLoop *loop) noexcept { loop->processEvents(); }
