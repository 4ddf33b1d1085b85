"""Every address of the desk. Each view names the permission it needs (desk.accounts.roles.needs)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from desk.accounts import views as accounts
from desk.audit import views as audit
from desk.decisions import tickets
from desk.decisions import views as decisions
from desk.figures import views as figures
from desk.handover import views as handover
from desk.teaching import models_page
from desk.teaching import views as teaching
from desk.transcripts import export, home
from desk.transcripts import views as transcripts

handler403 = "desk.faults.forbidden"
handler404 = "desk.faults.missing"
handler500 = "desk.faults.broken"

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", accounts.SignIn.as_view(), name="login"),
    path("sign-out/", accounts.sign_out, name="logout"),
    path("second-factor/", accounts.second_factor, name="second-factor"),
    path("second-factor/new/", accounts.new_second_factor, name="new-second-factor"),
    path("password/", accounts.own_password, name="password"),
    path("language/", accounts.set_language, name="language"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:id>/", accounts.account, name="account"),
    path("conversations/", transcripts.conversations, name="conversations"),
    path("conversations/saved/", transcripts.save_filter, name="save-filter"),
    path("conversations/saved/<int:id>/delete/", transcripts.delete_filter, name="delete-filter"),
    path("conversations/<str:id>/", transcripts.conversation, name="conversation"),
    path("conversations/<str:id>/live/", transcripts.live, name="live"),
    path("conversations/<str:id>/reveal/", transcripts.reveal, name="reveal"),
    path("conversations/<str:id>/note/", transcripts.note, name="note"),
    path("conversations/<str:id>/tags/", transcripts.tags, name="tags"),
    path("conversations/<str:id>/reviewed/", transcripts.reviewed, name="reviewed"),
    path("conversations/<str:id>/legal-hold/", transcripts.legal_hold, name="legal-hold"),
    path("conversations/<str:id>/export/", export.export, name="export"),
    path("conversations/<str:id>/claim/", handover.claim, name="claim"),
    path("conversations/<str:id>/reply/", handover.reply, name="reply"),
    path("conversations/<str:id>/typing/", handover.typing, name="typing"),
    path("conversations/<str:id>/transfer/", handover.transfer, name="transfer"),
    path("conversations/<str:id>/give-back/", handover.give_back, name="give-back"),
    path("conversations/<str:id>/clear-safety/", handover.clear_safety, name="clear-safety"),
    path("queue/", handover.queue, name="queue"),
    path("queue/live/", handover.queue_live, name="queue-live"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/<str:id>/", decisions.decision, name="decision"),
    path("decisions/<str:id>/decide/", decisions.decide, name="decide"),
    path("decisions/<str:id>/counter/", decisions.counter, name="counter"),
    path("tickets/<str:number>/", tickets.ticket, name="ticket"),
    path("teaching/", teaching.inbox, name="teaching"),
    path("teaching/label/", teaching.label, name="label"),
    path("teaching/lessons/<int:id>/", teaching.confirm, name="confirm-lesson"),
    path("teaching/export/", teaching.export, name="export-lessons"),
    path("models/", models_page.page, name="models"),
    path("models/live/", models_page.progress, name="models-live"),
    path("models/train/", models_page.train, name="model-train"),
    path("models/put-live/", models_page.put_live, name="model-live"),
    path("models/back/", models_page.back, name="model-back"),
    path("figures/", figures.figures, name="figures"),
    path("figures/<str:name>.svg", figures.plot, name="plot"),
    path("figures.csv", figures.csv_file, name="figures-csv"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.csv_file, name="audit-csv"),
]
if settings.KUANXIN.desk_oidc:
    from desk.accounts import single_sign_on

    urlpatterns += [
        path("single-sign-on/", login_not_required(single_sign_on.Begin.as_view()), name="oidc_authentication_init"),
        path(
            "single-sign-on/back/",
            login_not_required(single_sign_on.Callback.as_view()),
            name="oidc_authentication_callback",
        ),
    ]
