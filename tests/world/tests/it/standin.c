/* A window of WebKitGTK that lets itself be driven as Tauri's do: it starts before any driver comes, and hands out the
 * view that it has. */
#include <webkit2/webkit2.h>

static WebKitWebView *view;

static WebKitWebView *hand_out(WebKitAutomationSession *session, gpointer data) { return view; }

static void automation_started(WebKitWebContext *context, WebKitAutomationSession *session, gpointer data) {
    WebKitApplicationInfo *info = webkit_application_info_new();
    webkit_application_info_set_name(info, "stand-in");
    webkit_application_info_set_version(info, 1, 0, 0);
    webkit_automation_session_set_application_info(session, info);
    g_signal_connect(session, "create-web-view", G_CALLBACK(hand_out), NULL);
}

int main(int argc, char **argv) {
    gtk_init(&argc, &argv);
    WebKitWebContext *context = webkit_web_context_new();
    webkit_web_context_set_automation_allowed(context, g_getenv("TAURI_WEBVIEW_AUTOMATION") != NULL);
    g_signal_connect(context, "automation-started", G_CALLBACK(automation_started), NULL);
    view = g_object_new(WEBKIT_TYPE_WEB_VIEW, "web-context", context, "is-controlled-by-automation", TRUE, NULL);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_title(GTK_WINDOW(window), "Stand-in window");
    gtk_window_set_default_size(GTK_WINDOW(window), 420, 300);
    gtk_container_add(GTK_CONTAINER(window), GTK_WIDGET(view));
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    webkit_web_view_load_html(view,
        "<title>Stand-in</title><meta name=color-scheme content='light dark'><h1 id=h>5-hour 42 %</h1>"
        "<button onclick=\"document.getElementById('h').textContent = 'Asked'\">Refresh</button>", NULL);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
