from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from desk.accounts.models import User
from desk.accounts.roles import ROLES


class SignInForm(AuthenticationForm):
    username = forms.CharField(
        label=_("登录名"), widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("密码"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    error_messages = {
        "invalid_login": _("登录名或密码不对。连错五次会锁定15分钟。"),
        "inactive": _("这个账号已停用。"),
    }


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("六位动态码"),
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )


class OwnPasswordForm(forms.Form):
    old = forms.CharField(label=_("现在的密码"), strip=False, widget=forms.PasswordInput)
    new = forms.CharField(label=_("新密码"), strip=False, widget=forms.PasswordInput, help_text=_("至少12个字符"))

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        if not self.user.check_password(self.cleaned_data["old"]):
            raise ValidationError(_("现在的密码不对。"))
        return self.cleaned_data["old"]

    def clean_new(self) -> str:
        validate_password(self.cleaned_data["new"], self.user)
        return self.cleaned_data["new"]


class AccountForm(forms.ModelForm):
    """An account with its one role; a password is set only where one is typed."""

    role = forms.ChoiceField(label=_("角色"), choices=[(name, title) for name, (title, _allowed) in ROLES.items()])
    password = forms.CharField(
        label=_("初始密码"), required=False, strip=False, widget=forms.PasswordInput, help_text=_("至少12个字符")
    )

    class Meta:
        model = User
        fields = ("username", "shown_name", "email", "is_active")
        labels = {
            "username": _("登录名"),
            "shown_name": _("姓名"),
            "email": _("邮箱（单点登录用）"),
            "is_active": _("可以登录"),
        }
        help_texts = {"username": "", "is_active": ""}

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if password:
            validate_password(password, self.instance)
        elif self.instance.pk is None and not self.data.get("email"):
            raise ValidationError(_("新账号需要初始密码，或者一个单点登录的邮箱。"))
        return password
