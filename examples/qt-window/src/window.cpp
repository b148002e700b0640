// A window with a table of jobs, and an animation that shows whether it is responsive.
#include <QtCore/QElapsedTimer>
#include <QtCore/QTimer>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QTableWidget>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace {
constexpr qint64 tick_ns = 16'000'000;

struct Window {
    int count = 1;
    char name[10] = "qt-window";
    char *arguments[2] = {name, nullptr};
    QApplication application{count, arguments};
    QWidget widget;
    QTableWidget *table = new QTableWidget(0, 3);
    QProgressBar *animation = new QProgressBar;
    QLabel *status = new QLabel;
    QTimer timer;
    QElapsedTimer clock;
    qint64 expected_ns = 0;
    qint64 worst_ns = 0;
    int ticks = 0;

    Window() {
        widget.setWindowTitle("Punctual");
        table->setHorizontalHeaderLabels({"Job", "Runs", "Last run"});
        table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
        table->verticalHeader()->hide();
        table->setEditTriggers(QAbstractItemView::NoEditTriggers);
        animation->setRange(0, 125);
        animation->setTextVisible(false);
        auto *layout = new QVBoxLayout(&widget);
        layout->addWidget(table);
        layout->addWidget(animation);
        layout->addWidget(status);
        widget.resize(560, 300);
        timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&timer, &QTimer::timeout, [this] { tick(); });
    }

    void tick() {
        expected_ns += tick_ns;
        const qint64 late_ns = clock.nsecsElapsed() - expected_ns;
        worst_ns = std::max(worst_ns, late_ns);
        // Of ticks that were missed, only the first is counted.
        expected_ns += std::max<qint64>(late_ns, 0) / tick_ns * tick_ns;
        animation->setValue(++ticks % 126);
        if (ticks % 30 == 1)
            status->setText(QString("%1 ticks of 16 ms, at most %2 ms late").arg(ticks).arg(worst_ns / 1e6, 0, 'f', 1));
    }
};
} // namespace

extern "C" Window *window_new() noexcept { return new Window; }

extern "C" void window_delete(Window *window) noexcept { delete window; }

extern "C" void window_set_cell(Window *window, int row, int column, const char *text, int length) noexcept {
    auto *table = window->table;
    if (row >= table->rowCount())
        table->setRowCount(row + 1);
    if (table->item(row, column) == nullptr)
        table->setItem(row, column, new QTableWidgetItem);
    table->item(row, column)->setText(QString::fromUtf8(text, length));
}

// Shows the window until it is closed, or for this time if it is not negative.
extern "C" void window_exec(Window *window, int milliseconds) noexcept {
    window->widget.show();
    if (milliseconds >= 0)
        QTimer::singleShot(milliseconds, &window->application, &QApplication::quit);
    window->clock.start();
    window->timer.start(16);
    QApplication::exec();
    window->timer.stop();
}

extern "C" int window_ticks(const Window *window) noexcept { return window->ticks; }

extern "C" long long window_worst_ns(const Window *window) noexcept { return window->worst_ns; }
