"""Signing in and out, the second factor, one's own password, and the accounts of colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import login as otp_login
from django_otp import match_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from desk.accounts.forms import AccountForm, CodeForm, OwnPasswordForm, SignInForm
from desk.accounts.middleware import has_second_factor
from desk.accounts.models import User
from desk.accounts.roles import needs, role_of
from desk.audit.models import record

if TYPE_CHECKING:
    from django.http import HttpRequest


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "single_sign_on": bool(settings.KUANXIN.desk_oidc)}


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


def second_factor(request: HttpRequest) -> HttpResponse:
    """Asks for the code of the authenticator app. Too many wrong ones make the device wait (django-otp)."""
    form = CodeForm(request.POST or None)
    if not has_second_factor(request.user):
        return redirect("new-second-factor")
    if request.method == "POST" and form.is_valid():
        device = match_token(request.user, form.cleaned_data["code"])
        if device is not None:
            otp_login(request, device)
            return redirect("home")
        record(request, "second_factor_refused")
        form.add_error("code", _("动态码不对，或者连错太多次，请等一会儿再试。"))
    return render(request, "accounts/second_factor.html", {"form": form})


def new_second_factor(request: HttpRequest) -> HttpResponse:
    """Sets up an authenticator app; only for who has none: a stolen session cannot replace one."""
    if has_second_factor(request.user):
        return redirect("second-factor")
    device, _made = TOTPDevice.objects.get_or_create(user=request.user, confirmed=False, defaults={"name": "app"})
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"]):
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            otp_login(request, device)
            record(request, "second_factor_set_up")
            return redirect("home")
        form.add_error("code", _("动态码不对，请看手机上现在的六位数。"))
    uri = segno.make(device.config_url).png_data_uri(scale=5)
    return render(request, "accounts/new_second_factor.html", {"form": form, "picture": uri})


@sensitive_post_parameters()
def own_password(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = OwnPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user.set_password(form.cleaned_data["new"])
        user.save(update_fields=["password"])
        update_session_auth_hash(request, user)
        record(request, "password_changed")
        messages.success(request, _("密码已经改好。"))
        return redirect("home")
    return render(request, "accounts/password.html", {"form": form})


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    following = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(following, {request.get_host()}):
        following = "/"
    response = redirect(following)
    language = request.POST.get("language", "")
    if check_for_language(language):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=31_536_000, samesite="Lax")
    return response


@needs("accounts")
@sensitive_post_parameters()
def accounts(request: HttpRequest) -> HttpResponse:
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = _save(form)
        record(request, "account_made", about=user.username, role=form.cleaned_data["role"])
        messages.success(request, _("账号已建好。第一次登录时会请对方设置动态码。"))
        return redirect("accounts")
    people = User.objects.prefetch_related("groups", "totpdevice_set").order_by("username")
    rows = [(who, role_of(who), any(d.confirmed for d in who.totpdevice_set.all())) for who in people]
    return render(request, "accounts/accounts.html", {"rows": rows, "form": form})


@needs("accounts")
@sensitive_post_parameters()
def account(request: HttpRequest, id: int) -> HttpResponse:
    who = get_object_or_404(User, pk=id)
    group = who.groups.first()
    form = AccountForm(request.POST or None, instance=who, initial={"role": group.name if group else "reviewer"})
    if request.method == "POST" and request.POST.get("step") == "reset-second-factor":
        who.totpdevice_set.all().delete()
        record(request, "second_factor_reset", about=who.username)
        messages.success(request, _("动态码已清除，对方下次登录时重新设置。"))
        return redirect("account", id=id)
    if request.method == "POST" and form.is_valid():
        if who == request.user and (form.cleaned_data["role"] != "administrator" or not who.is_active):
            messages.error(request, _("不能取消自己的管理员角色，请另一位管理员来做。"))
            return redirect("account", id=id)
        _save(form)
        changed = [*form.changed_data]
        record(request, "account_changed", about=who.username, role=form.cleaned_data["role"], fields=changed)
        messages.success(request, _("已保存。"))
        return redirect("accounts")
    return render(request, "accounts/account.html", {"who": who, "form": form})


def _save(form: AccountForm) -> User:
    user: User = form.save(commit=False)
    if form.cleaned_data["password"]:
        user.set_password(form.cleaned_data["password"])
    elif user.pk is None:
        user.set_unusable_password()
    user.save()
    user.groups.set([Group.objects.get(name=form.cleaned_data["role"])])
    return user
